// The closing report of the experiment in the lab: the audits of one cluster, plain and shaped, by several
// observers, in one page and one JSON. It is made of the audits' own JSON, so it can be made again at any
// time.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hh"

namespace cuttle::audit {

struct Observer {
  std::string key;    // in the report's JSON: "shaped", "shaped_raw", "plain", ...
  std::string title;  // for people: "behind a 10 Gb/s port"
  nlohmann::json audit;
};

struct LabReport {
  std::vector<Observer> observers;
  nlohmann::json self_test;
  nlohmann::json settings;  // how the lab was run, as it stands
  std::string idle_class;   // the pair that is reported: "idle" ...
  std::string load_class;   // ... against "write-4m"
};

// The title of an observer by its key; empty for an unknown key.
std::string observer_title(const std::string& key);

nlohmann::json lab_json(const LabReport& report);
std::string lab_page(const LabReport& report);
std::string lab_text(const LabReport& report);

// Exit status of the experiment: 0 the observer "shaped" is within the bound and all planted leaks were
// found, 1 not, 2 could not be judged.
int lab_status(const LabReport& report);

}  // namespace cuttle::audit
