// The real helper, in a network of its own, asked by a process that wants what it should not get.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../../io/root/namespace.hh"
#include "../../temporary_folder.hh"
#include "helper/privileged_helper.hh"
#include "helper/protocol.hh"
#include "io/clock.hh"
#include "io/clock_view.hh"
#include "io/egress_lock.hh"
#include "io/guard.hh"
#include "io/links.hh"
#include "io/routes.hh"
#include "io/rules.hh"
#include "node/closing.hh"

namespace cuttle::helper {
namespace {

class HelperTest : public testing::Test {
 protected:
  void SetUp() override {
    write("node.key", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n", 0600);
    inside_ = std::make_unique<Inside>(space_);
    run("ip link add u0 type veth peer name u1 && ip addr add 10.9.0.1/24 dev u0 && ip link set u0 up");
    configure({2});
  }
  void TearDown() override {
    std::signal(SIGCHLD, SIG_DFL);  // nobody waits for a helper; the next test waits for its commands
    machine_.reset();
    inside_.reset();
  }
  void write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(folder_ / name) << text;
    ASSERT_EQ(::chmod((folder_ / name).c_str(), mode), 0);
  }
  // Peers pN at 10.9.0.N.
  void configure(const std::vector<int>& peers) {
    std::string text = "[node]\nname = \"n\"\nprivate_key_file = \"node.key\"\nlisten = \"10.9.0.1:4410\"\n";
    for (const int peer : peers) {
      // The number first: keys that begin alike are refused.
      const std::string key =
          std::string(peer == 2 ? "Ag" : "Aw") + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
      text += fmt::format(
          "[[peer]]\nname = \"p{0}\"\npublic_key = \"{1}\"\nendpoint = \"10.9.0.{0}:4410\"\n"
          "redirect = [\"10.9.0.{0}\"]\n",
          peer, key);
    }
    write("node.toml", text, 0644);
  }
  // The one peer p2, joining, elsewhere.
  void configure_joining(const std::string& redirect) {
    configure({2});
    std::ofstream(folder_ / "node.toml", std::ios::app) << "joining = true\n";
    run(fmt::format("sed -i 's|^redirect.*|redirect = [\"{}\"]|' {}", redirect,
                    (folder_ / "node.toml").string()));
  }
  void start(bool on_trial = false) {
    auto machine = start_privileged_helper(
        {.file = (folder_ / "node.toml").string(), .driver = "native", .on_trial = on_trial});
    ASSERT_TRUE(machine) << machine.error().message;
    machine_ = std::move(*machine);
  }
  void set_up() {
    const LoadedConfig loaded = machine_->read_configuration();
    ASSERT_TRUE(loaded.good()) << loaded.problem_lines().front();
    ASSERT_TRUE(machine_->close_all());
    lanes_ = *machine_->open_lanes(0);
    ASSERT_EQ(lanes_.size(), 1u);
    ASSERT_TRUE(machine_->open_unknown_sources(0));
    ASSERT_TRUE(machine_->open_link(0));
    queues_ = *machine_->set_up_queues();
    ASSERT_TRUE(machine_->confine());
    ASSERT_TRUE(machine_->settle());
  }
  static std::vector<Route> routes() { return *list_routes(4410); }
  void expect_closed() const {
    EXPECT_EQ(routes().size(), 2u);  // into the link, and the blackhole
    EXPECT_EQ(list_rules()->size(), 1u);
    EXPECT_TRUE(*guard_is_present());
  }
  void expect_open() const {
    EXPECT_EQ(routes().size(), 0u);
    EXPECT_EQ(list_rules()->size(), 0u);
    EXPECT_FALSE(*guard_is_present());
  }

  static void lose_everything() {
    run("ip route flush table 4410 && ip rule del pref 100 && nft flush ruleset");
    ASSERT_TRUE(remove_lock());
  }
  static bool is_closed_with(size_t routes_there) {
    return routes().size() == routes_there && list_rules()->size() == 1 && *guard_is_present() &&
           *lock_is_present();
  }
  static bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 300; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  Namespace space_;
  std::unique_ptr<Inside> inside_;
  std::unique_ptr<Machine> machine_;
  std::vector<LaneDoor> lanes_;
  QueueDoors queues_;
};

TEST_F(HelperTest, sets_up_what_the_file_says_and_hands_over_descriptors) {
  start();
  set_up();
  expect_closed();
  EXPECT_EQ(lanes_[0].queue.name(), "ct-p2");
  EXPECT_TRUE(lanes_[0].socket.filter_is_exact());
  EXPECT_EQ(lanes_[0].socket.wrong_size_dropped(), 0u);
  EXPECT_TRUE(machine_->guard_status());
  EXPECT_EQ(machine_->handle_timeout({}), "");
}

TEST_F(HelperTest, hands_over_a_queue_and_the_one_that_takes_its_place) {
  start();
  set_up();
  std::signal(SIGCHLD, SIG_DFL);  // as above: commands follow
  ASSERT_EQ(queues_.queues.size(), 1u) << queues_.why_not;
  const QueueDoor& door = queues_.queues.front();
  EXPECT_EQ(door.underlay, "u0");
  EXPECT_EQ(lanes_[0].underlay, "u0");
  EXPECT_EQ(door.cell_bytes.size(), 1u);
  ASSERT_TRUE(*find_link("cuttle-clock0"));
  EXPECT_EQ(door.index, (*find_link("cuttle-clock0"))->index);
  EXPECT_NE(LateCounts(door.late_map).counts(), nullptr);
  // Whoever has the map cannot write to it.
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, door.late_map.get(), 0), MAP_FAILED);
  auto looks = machine_->look_at_queues();
  ASSERT_TRUE(looks) << looks.error().message;
  ASSERT_EQ(looks->size(), 1u);
  EXPECT_EQ((*looks)[0].trouble, "");
  EXPECT_EQ((*looks)[0].index, door.index);
  EXPECT_FALSE((*looks)[0].late_map);

  run("ip link del cuttle-clock0");
  looks = machine_->look_at_queues();
  ASSERT_TRUE(looks) << looks.error().message;
  EXPECT_NE((*looks)[0].trouble.find("no interface"), std::string::npos) << (*looks)[0].trouble;
  ASSERT_TRUE(*find_link("cuttle-clock0"));
  EXPECT_EQ((*looks)[0].index, (*find_link("cuttle-clock0"))->index);
  EXPECT_NE(LateCounts((*looks)[0].late_map).counts(), nullptr);

  // Without the interface below there can be none.
  run("ip link del u0");
  looks = machine_->look_at_queues();
  ASSERT_TRUE(looks) << looks.error().message;
  EXPECT_NE((*looks)[0].trouble, "");
  EXPECT_FALSE((*looks)[0].late_map);
}

// Whoever may ask for the status can do so without pause; that must not keep helper and kernel at work.
TEST_F(HelperTest, asks_the_kernel_for_the_guards_counts_a_few_times_a_second) {
  start();
  set_up();
  Duration elapsed{};
  const auto time_of = [&](int count, const auto& ask) {
    const Instant began = MonotonicClock().now();
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(ask());
    }
    elapsed = MonotonicClock().now() - began;
  };
  time_of(20, [] { return guard_counts(); });
  const Duration twenty_of_the_kernel = elapsed;
  time_of(400, [&] { return machine_->guard_status(); });
  EXPECT_LT(elapsed.ns, twenty_of_the_kernel.ns * 8);
}

TEST_F(HelperTest, does_not_take_back_a_running_node) {
  start();
  set_up();
  const auto taken = machine_->take_back();
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("stays"), std::string::npos) << taken.error().message;
  expect_closed();
}

TEST_F(HelperTest, takes_back_a_trial_but_not_a_confirmed_one) {
  start(true);
  set_up();
  ASSERT_TRUE(machine_->take_back());
  lanes_.clear();
  expect_open();
  EXPECT_FALSE(machine_->open_link(0));
  machine_.reset();
  start(true);
  set_up();
  ASSERT_TRUE(machine_->confirm());
  EXPECT_FALSE(machine_->take_back());
  expect_closed();
}

// Whoever tries a node that was closed does not want it opened: what the trial closed besides is opened
// alone.
TEST_F(HelperTest, a_trial_that_is_taken_back_leaves_closed_what_was) {
  start();
  set_up();
  machine_.reset();
  lanes_.clear();
  std::signal(SIGCHLD, SIG_DFL);  // as above
  configure({2, 3});
  start(true);
  set_up();
  EXPECT_EQ(routes().size(), 3u);
  ASSERT_TRUE(machine_->take_back());
  lanes_.clear();
  ASSERT_EQ(routes().size(), 1u);
  EXPECT_TRUE(routes().front().blackhole);
  EXPECT_EQ(routes().front().prefix.to_string(), "10.9.0.2/32");
  EXPECT_EQ(list_rules()->size(), 1u);
  EXPECT_TRUE(*guard_is_present());
  EXPECT_TRUE(*lock_is_present());
  EXPECT_FALSE(*find_link("ct-p2"));
  EXPECT_FALSE(*find_link("cuttle-clock0"));
}

TEST_F(HelperTest, takes_back_a_start_that_failed) {
  start();
  ASSERT_TRUE(machine_->read_configuration().good());
  ASSERT_TRUE(machine_->close_all());
  ASSERT_TRUE(machine_->take_back());
  expect_open();
}

TEST_F(HelperTest, leaves_closed_what_was_closed_before_a_start_that_failed) {
  start();
  set_up();
  machine_.reset();
  lanes_.clear();
  start();
  ASSERT_TRUE(machine_->read_configuration().good());
  ASSERT_TRUE(machine_->close_all());
  ASSERT_TRUE(machine_->take_back());
  expect_closed();
}

TEST_F(HelperTest, changes_nothing_out_of_order) {
  start();
  set_up();
  EXPECT_FALSE(machine_->withdraw());
  EXPECT_FALSE(machine_->open_lanes(0));
  EXPECT_FALSE(machine_->open_link(0));
  EXPECT_FALSE(machine_->close_wanted());
  EXPECT_FALSE(machine_->finish_change());
  EXPECT_FALSE(machine_->begin_change());  // nothing new was read
  expect_closed();
}

// An agent that stops in the midst of a change: what was closed is, whatever comes or does not come then.
TEST_F(HelperTest, an_abandoned_change_leaves_what_was) {
  start();
  set_up();
  configure({2, 3});
  ASSERT_TRUE(machine_->read_configuration().good());
  ASSERT_TRUE(machine_->begin_change());
  ASSERT_TRUE(machine_->open_lanes(1));
  ASSERT_TRUE(machine_->close_wanted());
  EXPECT_EQ(routes().size(), 3u);
  ASSERT_TRUE(machine_->abandon_change());
  expect_closed();
  EXPECT_FALSE(*find_link("ct-p3"));
  EXPECT_TRUE(*find_link("ct-p2"));
}

// Nor does it end the watch: an agent that was taken over would begin a change, and wait for an accident.
TEST_F(HelperTest, watches_on_while_a_change_goes_on) {
  start();
  set_up();
  std::signal(SIGCHLD, SIG_DFL);  // as above
  configure({2, 3});
  ASSERT_TRUE(machine_->read_configuration().good());
  ASSERT_TRUE(machine_->begin_change());
  lose_everything();
  EXPECT_TRUE(eventually([&] { return is_closed_with(2); })) << "before it closes";
  ASSERT_TRUE(machine_->close_wanted());
  lose_everything();
  EXPECT_TRUE(eventually([&] { return is_closed_with(2); })) << "after";  // both blackholes
  ASSERT_TRUE(machine_->withdraw());
  lose_everything();
  EXPECT_TRUE(eventually([&] { return is_closed_with(2); })) << "in the end";
}

// While an answer waits nothing is watched: one that is not taken ends the helper, soon.
TEST_F(HelperTest, does_not_wait_long_for_an_agent_that_does_not_listen) {
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends);
  const pid_t helper = fork();
  if (helper == 0) {
    ends->first = Channel(FileDescriptor());
    serve_agent(ends->second, {.file = (folder_ / "node.toml").string(), .driver = "native"});
    _exit(0);
  }
  ends->second = Channel(FileDescriptor());
  const MonotonicClock clock;
  const RequestBytes request = to_bytes(Request{Step::guard_status, 0});
  while (ends->first.send(request, {}, clock.now() + seconds(1))) {
  }
  EXPECT_TRUE(eventually([&] { return ::waitpid(helper, nullptr, WNOHANG) == helper; }));
  ::kill(helper, SIGKILL);
  ::waitpid(helper, nullptr, 0);
}

TEST_F(HelperTest, what_takes_a_restart_is_not_changed_to) {
  start();
  set_up();
  configure({2});
  std::ofstream(folder_ / "node.toml", std::ios::app) << "joining = false\n[runtime]\nspin = true\n";
  const LoadedConfig loaded = machine_->read_configuration();
  ASSERT_FALSE(loaded.good());
  EXPECT_FALSE(loaded.keys);
  EXPECT_FALSE(machine_->begin_change());
}

// What of the addresses changes does not matter: a peer that was closed is not opened again by a reload, a
// restart, or `cuttle close`.
TEST_F(HelperTest, a_peer_that_joined_stays_closed_wherever_it_moves) {
  configure_joining("10.9.0.2");
  start();
  set_up();
  EXPECT_EQ(routes().size(), 0u);
  ASSERT_TRUE(machine_->link_is_up(0));
  EXPECT_EQ(routes().size(), 2u);
  for (const char* redirect : {"10.9.0.2/31", "10.9.0.3", "10.9.0.2/31", "10.9.0.128/25"}) {
    std::signal(SIGCHLD, SIG_DFL);  // as above
    configure_joining(redirect);
    ASSERT_TRUE(machine_->read_configuration().good());
    ASSERT_TRUE(machine_->begin_change());
    ASSERT_TRUE(machine_->close_wanted());
    ASSERT_TRUE(machine_->withdraw());
    ASSERT_TRUE(machine_->open_link(0));
    EXPECT_EQ(*machine_->finish_change(), OpenPeers{false}) << redirect;
    EXPECT_EQ(routes().size(), 2u) << redirect;
  }
  for (const char* redirect : {"10.9.0.128/26", "10.9.0.128/25", "10.9.0.130", "10.9.0.2"}) {
    std::signal(SIGCHLD, SIG_DFL);
    machine_.reset();
    lanes_.clear();
    configure_joining(redirect);
    const auto closed =
        close_without_agent(load_config((folder_ / "node.toml").string(), KeyFiles::ignore).config, true);
    ASSERT_TRUE(closed) << closed.error().message;
    start();
    ASSERT_TRUE(machine_->read_configuration().good());
    EXPECT_EQ(*machine_->close_all(), OpenPeers{false}) << redirect;
    ASSERT_TRUE(machine_->open_lanes(0));
    ASSERT_TRUE(machine_->open_link(0));
    EXPECT_GE(routes().size(), 2u) << "what was closed before, too, until the start is over";
    ASSERT_TRUE(machine_->confine());
    ASSERT_TRUE(machine_->settle());
    EXPECT_EQ(routes().size(), 2u) << redirect;
  }
}

}  // namespace
}  // namespace cuttle::helper
