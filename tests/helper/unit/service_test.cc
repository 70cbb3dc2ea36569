// The helper does what may come next, and refuses the rest without doing anything. The double aborts when it
// is driven out of order.
#include "helper/service.hh"

#include <gtest/gtest.h>

#include "node/machine_double.hh"

namespace cuttle::helper {
namespace {

class ServiceTest : public testing::Test {
 protected:
  Answer ask(Step step, uint16_t number = 0) {
    const RequestBytes bytes = to_bytes(Request{step, number});
    return service_.handle({bytes.data(), bytes.size()});
  }
  bool does(Step step, uint16_t number = 0) { return ask(step, number).done; }
  void start() {
    ASSERT_TRUE(does(Step::read_configuration));
    ASSERT_TRUE(does(Step::close_all));
    ASSERT_TRUE(does(Step::open_lanes));
    ASSERT_TRUE(does(Step::open_unknown_sources));
    ASSERT_TRUE(does(Step::open_link));
    ASSERT_TRUE(does(Step::set_up_queues));
    ASSERT_TRUE(does(Step::confine));
    ASSERT_TRUE(does(Step::settle));
  }

  MachineDouble machine_;
  Service service_{machine_};
};

TEST_F(ServiceTest, a_start_and_a_change_in_their_order) {
  start();
  machine_.peers_in_file = 3;
  EXPECT_TRUE(does(Step::read_configuration));
  EXPECT_TRUE(does(Step::begin_change));
  EXPECT_TRUE(does(Step::open_lanes, 2));
  EXPECT_TRUE(does(Step::close_wanted));
  EXPECT_TRUE(does(Step::withdraw));
  EXPECT_TRUE(does(Step::open_link, 2));
  EXPECT_TRUE(does(Step::finish_change));
  EXPECT_TRUE(does(Step::link_is_up, 2));
  EXPECT_TRUE(does(Step::guard_status));
  EXPECT_TRUE(does(Step::look_at_queues));
}

TEST_F(ServiceTest, queues_are_set_up_once_and_looked_at_while_the_node_runs) {
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::close_all));
  EXPECT_FALSE(does(Step::look_at_queues));
  EXPECT_TRUE(does(Step::set_up_queues));
  EXPECT_FALSE(does(Step::set_up_queues));
  ASSERT_TRUE(does(Step::confine));
  ASSERT_TRUE(does(Step::settle));
  EXPECT_FALSE(does(Step::set_up_queues));
  EXPECT_TRUE(does(Step::look_at_queues));
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::begin_change));
  EXPECT_FALSE(does(Step::look_at_queues));
}

TEST_F(ServiceTest, nothing_is_opened_before_all_is_closed) {
  for (const Step step : {Step::open_lanes, Step::open_unknown_sources, Step::open_link, Step::set_up_queues,
                          Step::confine, Step::settle}) {
    EXPECT_FALSE(does(step));
  }
  EXPECT_TRUE(does(Step::read_configuration));
  EXPECT_FALSE(does(Step::open_lanes));
  machine_.works = [] { return false; };
  EXPECT_FALSE(does(Step::close_all));
  machine_.works = {};
  EXPECT_FALSE(does(Step::open_lanes));
  EXPECT_FALSE(does(Step::close_all));  // not tried again
  EXPECT_TRUE(does(Step::take_back));
  EXPECT_EQ(machine_.openings(), 0u);
}

// The agent reads what comes from the network from then on: nothing that takes a start's privileges is left
// to do.
TEST_F(ServiceTest, privileges_go_before_the_start_is_over_and_nothing_is_opened_after_them) {
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::close_all));
  ASSERT_TRUE(does(Step::open_lanes));
  EXPECT_FALSE(does(Step::settle)) << "with all privileges";
  ASSERT_TRUE(does(Step::confine));
  for (const Step step : {Step::read_configuration, Step::close_all, Step::open_lanes,
                          Step::open_unknown_sources, Step::open_link, Step::set_up_queues, Step::confine}) {
    EXPECT_FALSE(does(step)) << static_cast<int>(step);
  }
  EXPECT_TRUE(does(Step::guard_status));
  EXPECT_TRUE(does(Step::settle));
  EXPECT_EQ(machine_.openings(), 1u);
}

// A driver that does not start is still a start that failed.
TEST_F(ServiceTest, a_start_that_fails_without_privileges_is_taken_back) {
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::close_all));
  ASSERT_TRUE(does(Step::confine));
  EXPECT_TRUE(does(Step::take_back));
  EXPECT_TRUE(machine_.is_taken_back());
}

// What a captured agent would like best.
TEST_F(ServiceTest, a_running_node_is_not_taken_back) {
  start();
  EXPECT_FALSE(does(Step::take_back));
  EXPECT_FALSE(machine_.is_taken_back());
}

TEST_F(ServiceTest, a_trial_is_taken_back_unless_it_was_confirmed) {
  machine_.on_trial = true;
  start();
  EXPECT_TRUE(does(Step::confirm));
  EXPECT_FALSE(does(Step::take_back));
}

TEST_F(ServiceTest, nothing_follows_once_all_was_taken_back) {
  machine_.on_trial = true;
  start();
  EXPECT_TRUE(does(Step::take_back));
  for (uint8_t step = 1; step <= static_cast<uint8_t>(kLastStep); ++step) {
    EXPECT_FALSE(does(static_cast<Step>(step))) << int{step};
  }
}

TEST_F(ServiceTest, only_peers_of_the_configuration_in_question) {
  machine_.peers_in_file = 3;
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::close_all));
  EXPECT_FALSE(does(Step::open_lanes, 3));
  EXPECT_FALSE(does(Step::open_link, 65535));
  ASSERT_TRUE(does(Step::confine));
  ASSERT_TRUE(does(Step::settle));
  machine_.peers_in_file = 1;
  ASSERT_TRUE(does(Step::read_configuration));
  EXPECT_TRUE(does(Step::link_is_up, 2));  // read, but not in force
  ASSERT_TRUE(does(Step::begin_change));
  EXPECT_FALSE(does(Step::open_lanes, 1));
}

TEST_F(ServiceTest, a_change_withdraws_only_after_it_has_closed) {
  start();
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::begin_change));
  EXPECT_FALSE(does(Step::withdraw));
  EXPECT_FALSE(does(Step::open_link));
  EXPECT_FALSE(does(Step::finish_change));
  machine_.works = [] { return false; };
  EXPECT_FALSE(does(Step::close_wanted));
  machine_.works = {};
  EXPECT_FALSE(does(Step::withdraw));
  EXPECT_TRUE(does(Step::abandon_change));
  EXPECT_FALSE(does(Step::begin_change));  // what is wanted is read again first
}

// An agent that was taken over could do as it likes in the midst of one, for ever.
TEST_F(ServiceTest, a_change_that_nobody_ends_is_ended) {
  start();
  Instant now = Instant{} + seconds(1000);
  const auto wait = [&] {
    service_.handle_timeout(now);
    now = now + Service::kChangeTime;
    service_.handle_timeout(now);
  };
  machine_.peers_in_file = 3;
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::begin_change));
  service_.handle_timeout(now);
  service_.handle_timeout(now + Service::kChangeTime - milliseconds(1));
  EXPECT_TRUE(does(Step::open_lanes, 2));
  wait();
  EXPECT_FALSE(does(Step::close_wanted));
  EXPECT_FALSE(does(Step::link_is_up, 2));  // what was in force is
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::begin_change));
  ASSERT_TRUE(does(Step::close_wanted));
  wait();
  EXPECT_FALSE(does(Step::withdraw));
  // No way back from there.
  ASSERT_TRUE(does(Step::read_configuration));
  ASSERT_TRUE(does(Step::begin_change));
  ASSERT_TRUE(does(Step::close_wanted));
  ASSERT_TRUE(does(Step::withdraw));
  wait();
  EXPECT_FALSE(does(Step::finish_change));
  EXPECT_TRUE(does(Step::link_is_up, 2));
}

TEST_F(ServiceTest, a_bad_file_is_not_changed_to) {
  start();
  machine_.works = [] { return false; };
  EXPECT_TRUE(does(Step::read_configuration));  // the answer says what is wrong with it
  machine_.works = {};
  EXPECT_FALSE(does(Step::begin_change));
}

TEST_F(ServiceTest, what_is_no_request_is_refused_and_nothing_else_happens) {
  start();
  for (const std::string_view bytes : {"", "x", "\xC7", "status", "GET / HTTP/1.1"}) {
    EXPECT_FALSE(service_.handle(bytes).done);
  }
  EXPECT_TRUE(does(Step::guard_status));
}

}  // namespace
}  // namespace cuttle::helper
