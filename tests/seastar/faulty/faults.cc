// Faults in the work of the reactors, for the tests: linked into a program that is cuttle-seastar otherwise
// (the linker's --wrap puts these calls before the real ones). CUTTLE_TEST_FAULT says which, and the file
// CUTTLE_TEST_FAULT_FILE, once it is there, that it is time.
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string_view>

#include "engine/packer_stage.hh"
#include "engine/receiving.hh"
#include "io/clock.hh"

namespace cuttle {

PackerStage::Outcome real_pack(PackerStage* stage, Lane& lane, const Losses& losses,
                               int max) asm("__real__ZN6cuttle11PackerStage4packERNS_4LaneERKNS_6LossesEi");
PackerStage::Outcome faulty_pack(PackerStage* stage, Lane& lane, const Losses& losses,
                                 int max) asm("__wrap__ZN6cuttle11PackerStage4packERNS_4LaneERKNS_6LossesEi");

void real_add(PackerStage* stage, const Lane& lane) asm("__real__ZN6cuttle11PackerStage3addERKNS_4LaneE");
void faulty_add(PackerStage* stage, const Lane& lane) asm("__wrap__ZN6cuttle11PackerStage3addERKNS_4LaneE");

TrainReceived real_receive_train(Lane& lane, MutableBytes buffer) asm(
    "__real__ZN6cuttle13receive_trainERNS_4LaneESt4spanIhLm18446744073709551615EE");
TrainReceived faulty_receive_train(Lane& lane, MutableBytes buffer) asm(
    "__wrap__ZN6cuttle13receive_trainERNS_4LaneESt4spanIhLm18446744073709551615EE");

namespace {

bool is_time_for(std::string_view fault) {
  static const char* const wanted = std::getenv("CUTTLE_TEST_FAULT");
  static const char* const file = std::getenv("CUTTLE_TEST_FAULT_FILE");
  return wanted != nullptr && file != nullptr && fault == wanted && access(file, F_OK) == 0;
}

void fail_as_asked(const char* what) {
  if (is_time_for(what)) throw std::runtime_error("injected");
  if (is_time_for("allocate")) {
    void* const bytes = ::operator new(16);
    asm volatile("" : : "g"(bytes) : "memory");  // so that the compiler does not take it away
    ::operator delete(bytes);
  }
  if (is_time_for("stall")) {
    const MonotonicClock clock;
    clock.poll_until(clock.now() + milliseconds(3));
  }
}

}  // namespace

PackerStage::Outcome faulty_pack(PackerStage* stage, Lane& lane, const Losses& losses, int max) {
  fail_as_asked("pack");
  return real_pack(stage, lane, losses, max);
}

void faulty_add(PackerStage* stage, const Lane& lane) {
  fail_as_asked("add");
  real_add(stage, lane);
}

TrainReceived faulty_receive_train(Lane& lane, MutableBytes buffer) {
  fail_as_asked("receive");
  return real_receive_train(lane, buffer);
}

}  // namespace cuttle
