// Whoever has taken over the process that parses datagrams, and asks the privileged helper for anything in
// any order, in its own form or none: the machine behind it is never driven out of order, and a node that
// runs is not taken back (the double aborts). Also the pure halves: what requests and answers are read from.
#include "base/check.hh"
#include "config/hand_over.hh"
#include "helper/service.hh"
#include "input.hh"
#include "node/machine_double.hh"

namespace cuttle::helper {
namespace {

void parse(std::string_view bytes) {
  if (const auto request = parse_request(bytes)) {
    const RequestBytes again = to_bytes(*request);
    CUTTLE_CHECK(bytes == std::string_view(again.data(), again.size()), "a request has one form");
  }
  if (const auto head = parse_answer_head(bytes)) {
    const AnswerHeadBytes again = to_bytes(*head);
    CUTTLE_CHECK(bytes == std::string_view(again.data(), again.size()), "an answer has one form");
  }
  if (const auto open = parse_open_peers(bytes)) {
    CUTTLE_CHECK(bytes == to_bytes(*open), "a list of peers has one form");
  }
  if (const auto status = parse_guard_status(bytes)) {
    CUTTLE_CHECK(bytes == to_bytes(*status), "counts have one form");
  }
  if (const auto notes = parse_lane_notes(bytes)) {
    CUTTLE_CHECK(bytes == to_bytes(*notes), "notes on lanes have one form");
  }
  if (const auto doors = parse_queue_doors(bytes)) {
    CUTTLE_CHECK(bytes == to_bytes(*doors), "queues have one form");
    for (const QueueDoor& door : doors->queues) CUTTLE_CHECK(!door.cell_bytes.empty(), "cells go through it");
  }
  if (const auto notes = parse_look_notes(bytes)) {
    CUTTLE_CHECK(bytes == to_bytes(*notes), "what became of queues has one form");
    CUTTLE_CHECK(notes->looks.size() == notes->anew.size(), "of each it is said");
  }
  (void)from_bytes("/node.toml", bytes);
}

class Session {
 public:
  explicit Session(FuzzInput input) : input_(input) {
    machine_.on_trial = (input_.byte() & 1) != 0;
    machine_.works = [this] { return works_; };
  }

  void run() {
    while (!input_.empty()) {
      const uint8_t choice = input_.byte();
      works_ = (choice & 0x80) == 0;
      machine_.peers_in_file = choice >> 4 & 7;
      if ((choice & 0xf) != 0xf) {
        say(static_cast<Step>((choice & 0xf) + 1), number());
      } else if (const uint8_t other = input_.byte(); (other & 0x80) != 0) {
        constexpr Step kOthers[] = {Step::look_at_queues, Step::set_up_queues, Step::confine,
                                    Step::handle_end};
        if (other % 5 == 4) {
          now_ = now_ + seconds(other);
          service_.handle_timeout(now_);
        } else {
          say(kOthers[other % 5], 0);
        }
      } else {
        say_anything(other);
      }
    }
  }

 private:
  uint16_t number() { return (input_.byte() & 0xc0) == 0xc0 ? input_.word() : input_.byte() & 7; }
  void say(Step step, uint16_t number) {
    const RequestBytes bytes = to_bytes(Request{step, number});
    handle({bytes.data(), bytes.size()});
  }
  void say_anything(uint8_t length) {
    std::array<uint8_t, 16> bytes{};
    const size_t size = length % (bytes.size() + 1);
    input_.fill({bytes.data(), size});
    handle({reinterpret_cast<const char*>(bytes.data()), size});
  }
  void handle(std::string_view request) {
    const bool runs = machine_.is_settled() && !machine_.on_trial;
    const bool was_taken_back = machine_.is_taken_back();
    const size_t openings = machine_.openings();
    const Answer answer = service_.handle(request);
    CUTTLE_CHECK(!runs || machine_.is_taken_back() == was_taken_back, "a node that runs stays closed");
    CUTTLE_CHECK(parse_request(request) || (!answer.done && machine_.openings() == openings),
                 "what is no request does nothing");
    CUTTLE_CHECK(answer.bytes.size() <= kMaxAnswerBytes, "answers are bounded");
  }

  FuzzInput input_;
  bool works_ = true;
  Instant now_{};
  MachineDouble machine_;
  Service service_{machine_};
};

}  // namespace
}  // namespace cuttle::helper

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cuttle;
  if (size == 0) return 0;
  // The first byte says which half is meant.
  if (data[0] == '!') {
    helper::Session(FuzzInput(data + 1, size - 1)).run();
  } else {
    helper::parse({reinterpret_cast<const char*>(data) + 1, size - 1});
  }
  return 0;
}
