// cuttle-mesh at work, on a store and an agent that are doubles; its files are real.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "mesh/keeper.hh"
#include "mesh/store_double.hh"
#include "nodes.hh"

namespace cuttle::mesh {

class AgentDouble final : public AgentDoor {
 public:
  std::optional<StatusSnapshot> now;
  int reloads = 0;
  bool refuses = false;
  bool fails = false;               // and changes nothing
  std::vector<std::string> undone;  // of what is in force then
  std::function<void()> when_reloaded;

  std::optional<StatusSnapshot> status() override { return now; }
  Result<ReloadReport> reload() override {
    if (!now) return failure("nobody there");
    ++reloads;
    if (when_reloaded) when_reloaded();
    if (fails) return failure("the helper is gone");
    ReloadReport report;
    report.reloaded = !refuses;
    if (refuses) report.problems = {"line 1: no"};
    report.undone = undone;
    return report;
  }
};

inline constexpr char kNobody[] = "hosts = 0\nclosed = []\n";

inline LinkStatus link_that_is_up(const char* name) {
  LinkStatus link;
  link.name = name;
  link.state = "up";
  return link;
}

inline LinkStatus link_that_joins(const char* name) {
  LinkStatus link = link_that_is_up(name);
  link.state = "connecting";
  link.open = true;
  return link;
}

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    for (const char* command : {"mon metadata", "osd metadata", "mgr metadata", "mds metadata"}) {
      store_.answers[command] = "[]";
    }
    write(
        "osd9.toml",
        "[node]\nname = \"osd9\"\nprivate_key_file = \"k\"\nlisten = \"10.0.0.9:4410\"\n[mesh]\npeers = \"" +
            path("peers.toml") + "\"\nnetworks = [\"10.0.0.0/24\"]\n");
    write("peers.entry.json", test_host(9).to_string());
    write("peers.toml", kNobody);  // as `join` does
    agent_.now = StatusSnapshot();
    put(test_host(1));
    put(test_host(2));
  }
  ~KeeperTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  void put(const TestHost& host) { store_.keys[kPeerPrefix + host.entry.host] = host.to_string(); }
  // After `after` seconds.
  Result<void> look(int after = 4) {
    now_ = now_ + seconds(after);
    return keeper_.look(now_, 1'700'000'000);
  }
  std::string codes() const {
    std::string all;
    for (const MeshProblem& problem : keeper_.problems()) all += problem.code + " " + problem.host + ";";
    return all;
  }
  nlohmann::json state() { return nlohmann::json::parse(store_.keys.at("cuttle/state/osd9")); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("cuttle-keeper-" + std::to_string(::getpid()));
  StoreDouble store_;
  AgentDouble agent_;
  Instant now_{1'000'000'000};
  MachineAddresses machine_;
  Keeper keeper_{{store_, agent_, [this] { return machine_; }}, path("osd9.toml")};
};

}  // namespace cuttle::mesh
