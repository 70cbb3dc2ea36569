#include "mesh/keeper.hh"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "config/file.hh"
#include "config/parse.hh"
#include "io/file_lock.hh"
#include "mesh/next_number.hh"
#include "mesh/peers_text.hh"
#include "mesh/peers_that_fit.hh"
#include "mesh/spare_files.hh"

namespace cuttle::mesh {

namespace {

std::string directory_of(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

constexpr char kMakeRoom[] = "make room in cuttle-mesh's folder: df, df -i; who filled it?";

std::string first_error(const ParsedConfig& parsed, const std::string& file) {
  for (const Problem& problem : parsed.problems.list()) {
    if (problem.severity == Severity::error) return to_string(problem, file);
  }
  return {};
}

}  // namespace

Result<NodeFile> read_node_file(const std::string& path) {
  auto read = read_text_file(path, kLongestConfigFile);
  if (!read) return failure(fmt::format("{}: cannot be read: {}", path, read.error().message));
  ParsedConfig parsed = parse_config(read->text, directory_of(path));
  if (const std::string problem = first_error(parsed, path); !problem.empty()) return failure(problem);
  if (!parsed.config.mesh) {
    return failure(fmt::format("{}: there is no [mesh] in it; `cuttle mesh join` writes one", path));
  }
  return NodeFile{path, std::move(read->text), std::move(parsed.config)};
}

Bounds bounds_of(const NodeFile& node, std::optional<Entry> own, MachineAddresses machine) {
  Bounds bounds;
  bounds.host = node.config.mesh->host;
  bounds.own_addresses = std::move(machine.own);
  bounds.ends_of_networks = std::move(machine.ends_of_networks);
  for (const IpAddress& address : node.config.addresses) bounds.own_addresses.push_back(address);
  bounds.own_addresses.push_back(node.config.listen.address);
  bounds.listen = node.config.listen;
  bounds.sources = node.config.addresses;
  bounds.own = std::move(own);
  bounds.root_peers = node.config.peers;
  bounds.networks = node.config.mesh->networks;
  bounds.signing_key = node.config.mesh->signing_key;
  return bounds;
}

Result<Owners> ask_owners(Store& store) {
  Owners owners;
  for (const char* command : {"mon metadata", "osd metadata", "mgr metadata", "mds metadata"}) {
    const auto answer = store.ask(command);
    if (!answer) return failure(fmt::format("`ceph {}`: {}", command, answer.error().message));
    add_owners(owners, *answer);
  }
  return owners;
}

Result<StoreView> ask_entries(Store& store) {
  StoreView view;
  auto entries = store.dump(kPeerPrefix);
  if (!entries) return tl::unexpected(entries.error());
  const auto revoked = store.dump(kRevokedPrefix);
  if (!revoked) return tl::unexpected(revoked.error());
  view.entries = std::move(*entries);
  for (const auto& [host, why] : *revoked) view.revoked.insert(host);
  return view;
}

Result<Record> ask_record(Store& store) {
  const auto text = store.get(kRecordKey);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return failure("there is no mesh in this cluster: `cuttle mesh init` makes one");
  return parse_record(**text);
}

Result<void> Keeper::look(Instant now, int64_t unix_s) {
  const auto node = read_node_file(config_file_);
  if (!node) return tl::unexpected(node.error());
  std::optional<StatusSnapshot> status = around_.agent.status();
  write_trouble_.clear();
  auto looked = take_in(*node, status, now, unix_s);
  if (write_trouble_.empty()) return looked;
  // What is not written down does not take effect; who watches the cluster has to hear of that.
  std::erase_if(problems_, [](const MeshProblem& problem) { return problem.fix == kMakeRoom; });
  note(kAgent, node->config.mesh->host,
       "what changes takes no effect here, a revocation neither: " + write_trouble_, kMakeRoom);
  if (auto told = tell(*node, known_read_.known, status, now, unix_s); !told) return told;
  return looked;
}

Result<void> Keeper::take_in(const NodeFile& node, std::optional<StatusSnapshot>& status, Instant now,
                             int64_t unix_s) {
  const Files files = files_of(node.config.mesh->peers_file);
  // First: whatever fails below, or takes long, a link that was closed once never begins open again.
  if (auto written = write_closed(files, node, status); !written) return written;
  const auto view = ask_store(now);
  // The operator's words change the same files.
  auto locked = FileLock::wait_for(files.lock);
  if (!locked) return tl::unexpected(locked.error());
  std::optional<FileLock> lock(std::move(*locked));
  auto before = read_known(files, node.text, Lost::is_an_error, &known_read_);
  if (!before) return tl::unexpected(before.error());
  auto own = read_own(files, node.config.mesh->host);
  if (!own) return tl::unexpected(own.error());
  if (!*own) {
    return failure(fmt::format(
        "{} is not there: this host has not joined, or `peers` in [mesh] names another place than it "
        "did, where nothing is known of what stays closed; put it right, or `cuttle mesh join --again`",
        files.own));
  }
  std::vector<MeshProblem> earlier = std::move(problems_);
  problems_.clear();

  Known known = *before;
  Result<void> result;
  const Bounds bounds = bounds_of(node, *own, around_.addresses());
  if (view) {
    const Reconciled& reconciled = judge(*before, *view, bounds);
    known = reconciled.known;
    problems_ = reconciled.problems;
  } else {
    // What was wrong still is, as far as anybody knows.
    problems_ = std::move(earlier);
    std::erase_if(problems_, [](const MeshProblem& problem) {
      return problem.code == kMonitorsAway || problem.code == kAgent;
    });
    note(kMonitorsAway, node.config.mesh->host,
         "the monitors do not answer, what was known stays in force: " + view.error().message,
         "ceph -s; is the keyring of this host there, with its capabilities?");
    result = tl::unexpected(view.error());
    note_closed_here(known, bounds);
  }
  for (MeshProblem& problem : own_address_problems(known, bounds)) {
    if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end())
      problems_.push_back(std::move(problem));
  }
  // What was seen first, before anything follows from it.
  if (known != *before) {
    if (auto written = write(files, files.known, to_json(known)); !written) return written;
    note_taken(*before, known, now);
  }
  const auto peers = write_peers(node, files, known, bounds);
  if (!peers) return tl::unexpected(peers.error());
  // Agent and monitors may take longer than the operator's words wait for it.
  lock.reset();
  retry_links(*peers, known, status, now);
  if (reload_if_due(now)) status = around_.agent.status();
  if (!view) return result;
  if (auto put = put_own_back(node, files, *own, *view); !put) return put;
  keep_room(node, files);
  return tell(node, known, status, now, unix_s);
}

const Reconciled& Keeper::judge(const Known& before, const StoreView& view, const Bounds& bounds) {
  if (!judged_ || judged_->before != before || judged_->view != view || judged_->bounds != bounds) {
    judged_ = Judged{before, view, bounds, reconcile(before, view, bounds)};
  }
  return judged_->result;
}

Result<StoreView> Keeper::ask_store(Instant now) {
  auto view = ask_entries(around_.store);
  if (!view) return view;
  const bool is_new = view->entries != entries_seen_;
  if (is_new || !maps_asked_ || now - *maps_asked_ > kMapsRound) {
    auto owners = ask_owners(around_.store);
    if (!owners) return tl::unexpected(owners.error());
    owners_ = std::move(*owners);
    maps_asked_ = now;
    entries_seen_ = view->entries;
  }
  view->owners = owners_;
  return view;
}

Result<void> Keeper::write_closed(const Files& files, const NodeFile& node,
                                  const std::optional<StatusSnapshot>& status) {
  if (!status) return {};
  const auto lock = FileLock::wait_for(files.lock);
  if (!lock) return tl::unexpected(lock.error());
  auto known = read_known(files, node.text, Lost::is_an_error, &known_read_);
  if (!known) return tl::unexpected(known.error());
  bool is_news = false;
  for (auto& [host, pin] : known->pins) {
    const LinkStatus* link = link_named(*status, pin.name);
    if (link == nullptr || link->open || pin.was_up) continue;
    pin.was_up = is_news = true;
  }
  return is_news ? write(files, files.known, to_json(*known)) : Result<void>();
}

Result<std::string> Keeper::write_peers(const NodeFile& node, const Files& files, Known& known,
                                        const Bounds& bounds) {
  const std::string& path = node.config.mesh->peers_file;
  const auto there = read_text_file(path, kLongestConfigFile, Links::trusted);
  const std::string in_force = there ? there->text : "";
  const auto text_without = [&](const std::set<std::string>& left_out) {
    return peers_text(known, bounds, node.config.mesh->joining, left_out);
  };
  // What goes out must be what the agent takes; also when root's file has changed since.
  const auto problem_of = [&](const std::string& text) -> std::string {
    if (text.size() > kLongestConfigFile) return fmt::format("{} bytes are more than it reads", text.size());
    if (text == good_peers_ && node.text == good_root_) return {};
    std::string problem =
        first_error(parse_config(node.text, directory_of(node.path), PeersText{text}), node.path);
    if (problem.empty()) {
      good_root_ = node.text;
      good_peers_ = text;
    }
    return problem;
  };
  const auto fitting = peers_that_fit(known, in_force, text_without, problem_of);
  for (const auto& [host, why] : fitting.left_out) {
    note(kAgent, host, "what is known of it makes no good configuration: " + why + "; it has no link",
         "cuttle mesh status; then accept, revoke or forget that host");
  }
  if (!fitting.problem.empty()) {
    note(kAgent, node.config.mesh->host,
         "the peers that the store names make no good configuration: " + fitting.problem,
         "cuttle mesh status; then accept, revoke or forget that host");
    return in_force;
  }
  // Closed meanwhile: such a link never begins open again.
  bool is_news = false;
  for (const auto& [host, why] : fitting.left_out) {
    is_news = is_news || !known.pins.at(host).was_up;
    known.pins.at(host).was_up = true;
  }
  if (is_news) {
    if (auto written = write(files, files.known, to_json(known)); !written) {
      return tl::unexpected(written.error());
    }
  }
  if (there && in_force == fitting.text) return in_force;
  agent_has_peers_ = false;
  reload_next_ = {};
  if (auto written = write(files, path, fitting.text); !written) return tl::unexpected(written.error());
  return fitting.text;
}

// A link that the agent could not make waits to be asked for again, and the store may not change for long.
void Keeper::retry_links(const std::string& peers, const Known& known,
                         const std::optional<StatusSnapshot>& status, Instant now) {
  if (!status || now < reload_next_) return;
  for (const auto& [host, pin] : known.pins) {
    if (!names_host(peers, host)) continue;
    const LinkStatus* link = link_named(*status, pin.name);
    if (link == nullptr || link->state == kNoLink) retry_due_ = true;
  }
}

bool Keeper::reload_if_due(Instant now) {
  if (agent_has_peers_ && !retry_due_) return false;
  if (now < reload_next_) {
    if (!reload_trouble_.empty()) note_reload();
    return false;
  }
  reload_trouble_.clear();
  const auto report = around_.agent.reload();
  // One that is stopped reads the file when it starts.
  if (!report && !around_.agent.status()) return true;
  reload_next_ = now + kRetryRound;
  if (!report) {
    reload_trouble_ = "the agent could not do all that changed: " + report.error().message;
  } else if (!report->reloaded) {
    const std::string why = report->problems.empty() ? "" : report->problems.front();
    reload_trouble_ = "the agent refuses the new peers: " + why;
  } else {
    agent_has_peers_ = true;
    if (!report->undone.empty()) {
      reload_trouble_ = "the agent could not do all that changed: " + report->undone.front();
    }
  }
  retry_due_ = !reload_trouble_.empty();
  if (retry_due_) note_reload();
  return true;
}

void Keeper::note_reload() {
  note(kAgent, "", reload_trouble_, "cuttle status; cuttle check; journalctl -u 'cuttle@*'");
}

// By root's file, or else by the record, of which nothing but this depends; without either, what comes first.
bool Keeper::is_desks(const NodeFile& node, const Entry& entry, const Entry& own) {
  if (node.config.mesh->signing_key) return is_signed(entry, *node.config.mesh->signing_key);
  const auto record = ask_record(around_.store);
  return record && record->signing_key ? is_signed(entry, *record->signing_key) : !own.signature;
}

Result<void> Keeper::put_own_back(const NodeFile& node, const Files& files, std::optional<Entry>& own,
                                  const StoreView& view) {
  if (!own) return {};
  const std::string& host = node.config.mesh->host;
  // Whoever published another meanwhile wrote it down first.
  const auto is_newest = [&] {
    const auto newest = read_own(files, host);
    return newest && *newest == own;
  };
  if (!is_newest()) return {};
  const auto there = view.entries.find(host);
  if (there != view.entries.end()) {
    if (there->second == to_json(*own)) return {};
    const auto entry = parse_entry(host, there->second);
    const bool is_ours =
        entry && says_the_same(*entry, *own) && entry->counter == own->counter && is_proved(*entry);
    // The operator signed it, or whoever has this host's keyring wrote something in that place.
    if (is_ours && entry->signature && is_desks(node, *entry, *own)) {
      const auto lock = FileLock::wait_for(files.lock);
      if (!lock) return tl::unexpected(lock.error());
      if (!is_newest()) return {};
      own = *entry;
      return write(files, files.own, to_json(*own));
    }
    if (is_ours && !own->signature) return {};
    if (is_set_back(*own, there->second)) {
      note(kEntryOld, host,
           fmt::format(
               "the monitors have a later entry of this host's own than {}: this host was set back, or "
               "the file was; that entry stays",
               files.own),
           "cuttle mesh join --again");
      return {};
    }
  }
  return around_.store.set(kPeerPrefix + host, to_json(*own));
}

void Keeper::note_taken(const Known& before, const Known& after, Instant now) {
  for (const auto& [host, pin] : after.pins) {
    const auto earlier = before.pins.find(host);
    if (earlier == before.pins.end() || earlier->second.counter != pin.counter)
      taken_[host] = {pin.counter, now};
  }
}

Result<void> Keeper::tell(const NodeFile& node, const Known& known,
                          const std::optional<StatusSnapshot>& status, Instant now, int64_t unix_s) {
  HostState state;
  state.host = node.config.mesh->host;
  state.agent = status;
  for (const auto& [host, pin] : known.pins) state.host_of_peer[pin.name] = host;
  state.problems = problems_;
  std::erase_if(taken_, [&](const auto& one) { return now - one.second.when > kRecent; });
  // Only what the agent has, too. Where the link could not be had, that is so as well: there is no session
  // that would end, and with whatever keys it is had later, they are those of the file.
  std::multimap<Instant, HostState::Taken, std::greater<>> last_first;
  for (const auto& [host, taken] : taken_) {
    if (agent_has_peers_) last_first.insert({taken.when, {host, taken.number}});
  }
  for (const auto& [when, taken] : last_first) state.taken.push_back(taken);
  const std::string essence = state_essence(state);
  if (told_when_ && now - *told_when_ < (essence == told_ ? kAliveRound : kTellRound)) return {};
  if (auto told = around_.store.set(kStatePrefix + state.host, state_json(state, unix_s)); !told) return told;
  told_ = essence;
  told_when_ = now;
  return {};
}

// With the lock: root's words may be writing into one of these.
void Keeper::keep_room(const NodeFile& node, const Files& files) {
  const auto lock = FileLock::wait_for(files.lock);
  if (!lock) return;  // the next look comes soon
  const auto kept = keep_spare_files(files.spare);
  if (kept) return;
  note(kAgent, node.config.mesh->host,
       "there is no room for what changes, beyond a few times: " + kept.error().message, kMakeRoom);
}

Result<void> Keeper::write(const Files& files, const std::string& path, const std::string& text) {
  auto written = write_file(path, text, files.spare);
  if (!written) write_trouble_ = written.error().message;
  return written;
}

void Keeper::note(const char* code, const std::string& host, const std::string& text,
                  const std::string& fix) {
  problems_.push_back({code, host, text, fix});
}

}  // namespace cuttle::mesh
