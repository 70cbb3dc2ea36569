// What an attacker computes from one link's packets in one window.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "audit/releases.hh"
#include "audit/slot_structure.hh"
#include "audit/window_plan.hh"

namespace cuttle::audit {

struct Sample {
  int64_t time_ns;
  uint32_t ip_bytes;
  bool is_cell;
};

// Things that should not happen at all, or not more often under load: counted, and compared between the
// classes.
enum class Event { skipped_slot, short_train, long_train, odd_size, foreign_packet };
inline constexpr size_t kEvents = 5;
const char* event_name(Event event);

// A window's course in hundredths, for comparing links with each other.
inline constexpr size_t kCourse = 100;

struct LinkWindow {
  std::vector<float> features;  // as link_feature_names()
  std::vector<float> packet_course;
  std::vector<float> lateness_course;  // of the trains against the grid, in ns; 0 where no train began
  double phase_ns = 0;  // circular mean of the trains' starts in the slot grid; NaN without trains
  uint32_t events[kEvents] = {};
  std::map<uint32_t, uint32_t>
      train_counts;  // packets a train -> how many trains, the window's edges left out
  Releases releases;
};

const std::vector<std::string>& link_feature_names();
// Positions of the two features that are filled in afterwards, when all windows of a link are known.
size_t phase_feature();
size_t neighbour_phase_feature();

// `samples` in the order of time. `usual_bytes`: the link's most common size.
LinkWindow link_features(std::span<const Sample> samples, const Window& window, const SlotStructure& slots,
                         uint32_t usual_bytes);

// Fills the two phase features of a link over all its windows. `phases_ns` in the order of time; the slow
// drift of the sender's clock against the observer's, and the unknown length of the slot, are taken out by a
// straight line. `starts_ns` are the windows' starts. Returns (phase, phase against the neighbours) for each
// window.
std::vector<std::pair<float, float>> follow_phases(std::span<const double> phases_ns,
                                                   std::span<const double> starts_ns, double period_ns);

}  // namespace cuttle::audit
