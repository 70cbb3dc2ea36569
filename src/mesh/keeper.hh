// cuttle-mesh at work, on one host: looks at the store every few seconds, keeps the agent's peers file in
// step, puts this host's own entry back where it is gone, and tells the manager's module how the host is.
// Store and agent are behind interfaces; files are real. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hh"
#include "config/config.hh"
#include "control/reload_report.hh"
#include "control/status.hh"
#include "mesh/files.hh"
#include "mesh/machine_addresses.hh"
#include "mesh/reconcile.hh"
#include "mesh/record.hh"
#include "mesh/state.hh"
#include "mesh/store.hh"

namespace cuttle::mesh {

// The agent of this node.
class AgentDoor {
 public:
  virtual ~AgentDoor() = default;
  virtual std::optional<StatusSnapshot> status() = 0;  // how its links are; none: it does not answer
  virtual Result<ReloadReport> reload() = 0;
};

// What root's file says of this node, read anew at every look.
struct NodeFile {
  std::string path;
  std::string text;
  NodeConfig config;  // of root's file alone: without the peers file
};
Result<NodeFile> read_node_file(const std::string& path);

Bounds bounds_of(const NodeFile& node, std::optional<Entry> own, MachineAddresses machine);

// Asked of the monitors: whose addresses are whose; entries and revocations; the mesh's record, an error
// where there is none.
Result<Owners> ask_owners(Store& store);
Result<StoreView> ask_entries(Store& store);
Result<Record> ask_record(Store& store);

class Keeper {
 public:
  static constexpr Duration kMapsRound = seconds(300);
  static constexpr Duration kTellRound = seconds(10);   // at most so often
  static constexpr Duration kAliveRound = seconds(30);  // and at least
  static constexpr Duration kRetryRound = seconds(10);  // what the agent could not do it is asked for again
  static constexpr Duration kRecent = seconds(600);     // how long it is told whose entries were taken in

  struct Surroundings {
    Store& store;
    AgentDoor& agent;
    std::function<MachineAddresses()> addresses;  // of this machine, now
  };
  explicit Keeper(Surroundings surroundings, std::string config_file)
      : around_(std::move(surroundings)), config_file_(std::move(config_file)) {}

  // One look. An error is one line: what kept it from being whole; what was known stays in force.
  Result<void> look(Instant now, int64_t unix_s);
  const std::vector<MeshProblem>& problems() const { return problems_; }

 private:
  Result<void> take_in(const NodeFile& node, std::optional<StatusSnapshot>& status, Instant now,
                       int64_t unix_s);
  Result<StoreView> ask_store(Instant now);
  const Reconciled& judge(const Known& before, const StoreView& view, const Bounds& bounds);
  Result<void> write_closed(const Files& files, const NodeFile& node,
                            const std::optional<StatusSnapshot>& status);
  // The peers file that is in force then.
  Result<std::string> write_peers(const NodeFile& node, const Files& files, Known& known,
                                  const Bounds& bounds);
  // Whether the agent was asked.
  bool reload_if_due(Instant now);
  void retry_links(const std::string& peers, const Known& known, const std::optional<StatusSnapshot>& status,
                   Instant now);
  void note_reload();
  bool is_desks(const NodeFile& node, const Entry& entry, const Entry& own);
  Result<void> put_own_back(const NodeFile& node, const Files& files, std::optional<Entry>& own,
                            const StoreView& view);
  Result<void> tell(const NodeFile& node, const Known& known, const std::optional<StatusSnapshot>& status,
                    Instant now, int64_t unix_s);
  void note_taken(const Known& before, const Known& after, Instant now);
  Result<void> write(const Files& files, const std::string& path, const std::string& text);
  void keep_room(const NodeFile& node, const Files& files);
  void note(const char* code, const std::string& host, const std::string& text, const std::string& fix);

  Surroundings around_;
  std::string config_file_;
  std::vector<MeshProblem> problems_;
  // Hundreds of proofs, and a file of as many peers, are looked at again only where something is new.
  struct Judged {
    Known before;
    StoreView view;
    Bounds bounds;
    Reconciled result;
  };
  KnownText known_read_;
  std::optional<Judged> judged_;
  std::string good_root_;   // root's file, with which
  std::string good_peers_;  // this peers file makes a good configuration
  std::map<std::string, std::string> entries_seen_;
  Owners owners_;
  std::optional<Instant> maps_asked_;
  // Whether the agent has read the peers file as it is. It may have started before the last change.
  bool agent_has_peers_ = false;
  bool retry_due_ = false;  // something that the file asks for is to be tried again
  Instant reload_next_{};   // not before, unless there is a change
  std::string reload_trouble_;
  std::string write_trouble_;  // of this look
  struct Taken {
    uint64_t number;
    Instant when;
  };
  std::map<std::string, Taken> taken_;
  std::string told_;  // the essence
  std::optional<Instant> told_when_;
};

}  // namespace cuttle::mesh
