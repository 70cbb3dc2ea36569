#include "audit/lab_report.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/format.hh"
#include "report/page.hh"

namespace cuttle::audit {

namespace {

using nlohmann::json;

constexpr std::pair<const char*, const char*> kObservers[] = {
    {"plain", "plain Ceph, each node's egress"},       {"shaped_raw", "Cuttle, each node's egress, raw"},
    {"shaped_100g", "Cuttle, behind a 100 Gb/s port"}, {"shaped_25g", "Cuttle, behind a 25 Gb/s port"},
    {"shaped", "Cuttle, behind a 10 Gb/s port"},       {"shaped_1g", "Cuttle, behind a 1 Gb/s port"},
    {"shaped_fabric", "Cuttle, on the lab's fabric"},
};

// The reported pair of an audit; null when it has none of that name.
json pair_of(const LabReport& report, const json& audit) {
  for (const json& pair : audit.value("pairs", json::array())) {
    const auto& classes = pair["classes"];
    if (classes[0] == report.idle_class && classes[1] == report.load_class) return pair;
  }
  return nullptr;
}

const Observer* find(const LabReport& report, const std::string& key) {
  const auto at = std::find_if(report.observers.begin(), report.observers.end(),
                               [&](const Observer& one) { return one.key == key; });
  return at == report.observers.end() ? nullptr : &*at;
}

std::string three(const json& value) {
  return value.is_number() ? fmt::format("{:.3f}", value.get<double>()) : "-";
}

report::Table observer_table(const LabReport& lab) {
  report::Table table;
  table.header = {"observer", "accuracy", "95 %", "AUC", "bits a second, at most", "windows", "p", "by"};
  for (const Observer& one : lab.observers) {
    const json pair = pair_of(lab, one.audit);
    if (pair.is_null()) continue;
    table.rows.push_back({one.title, three(pair["accuracy"]),
                          three(pair["ci95"][0]) + "-" + three(pair["ci95"][1]), three(pair["auc"]),
                          three(pair["bits_per_s"]), std::to_string(pair["windows"].get<int>()),
                          three(pair["permutation"]["p"]), pair.value("worst_attacker", "")});
  }
  return table;
}

report::RowChart accuracy_chart(const LabReport& lab) {
  report::RowChart chart;
  chart.title = "How well each observer guesses";
  chart.caption = fmt::format("{} against {}: balanced accuracy with 95 % intervals. 0.5 is guessing.",
                              lab.idle_class, lab.load_class);
  chart.value = {"balanced accuracy", report::Scale::linear, 0.4, 1.0};
  double bound = 0.55;
  for (const Observer& one : lab.observers) {
    const json pair = pair_of(lab, one.audit);
    if (pair.is_null()) continue;
    bound = one.audit.value("max_accuracy", bound);
    chart.rows.push_back({one.title, pair["accuracy"].get<double>(), pair["ci95"][0].get<double>(),
                          pair["ci95"][1].get<double>(),
                          one.key == "plain" ? report::Colour::orange : report::Colour::blue,
                          three(pair["accuracy"])});
  }
  chart.references = {{0.5, ""}, {bound, fmt::format("bound {:.2f}", bound)}};
  return chart;
}

report::RowChart feature_chart(const LabReport& lab, const Observer& one) {
  report::RowChart chart;
  chart.title = "What gave most away: " + one.title;
  chart.value = {"share of the gain (%)", report::Scale::linear, 0.0, {}};
  const json pair = pair_of(lab, one.audit);
  for (const json& feature : pair["top_features"]) {
    chart.rows.push_back(
        {fmt::format("{} (alone: AUC {})", feature["name"].get<std::string>(), three(feature["auc"])),
         feature["share"].get<double>() * 100,
         {},
         {},
         report::Colour::teal,
         percent(feature["share"].get<double>())});
  }
  return chart;
}

report::Table pairs_table(const Observer& one) {
  report::Table table;
  table.caption = one.title;
  table.header = {"told apart", "windows", "accuracy", "95 %", "AUC", "verdict"};
  for (const json& pair : one.audit["pairs"]) {
    table.rows.push_back(
        {pair["classes"][0].get<std::string>() + " / " + pair["classes"][1].get<std::string>(),
         std::to_string(pair["windows"].get<int>()), three(pair["accuracy"]),
         three(pair["ci95"][0]) + "-" + three(pair["ci95"][1]), three(pair["auc"]),
         pair["verdict"].get<std::string>()});
  }
  return table;
}

report::Table checks_table(const Observer& one) {
  report::Table table;
  table.caption = one.title;
  table.header = {"link", "packets", "sizes", "not cells", "cells a slot", "slot (us)", "missing numbers"};
  for (const json& link : one.audit["checks"]["links"]) {
    const auto packets = link["packets"].get<uint64_t>();
    table.rows.push_back({link["name"].get<std::string>(), grouped(packets),
                          grouped(link["distinct_sizes"].get<uint64_t>()),
                          grouped(packets - link["cells"].get<uint64_t>()), link["cells_a_slot"].dump(),
                          link["slot_us"].dump(), link["sequence"]["missing"].dump()});
  }
  return table;
}

report::Table planted_table(const LabReport& lab) {
  report::Table table;
  table.all_text = true;
  table.header = {"planted", "found"};
  for (const json& one : lab.self_test.value("cases", json::array())) {
    const bool clean = one["planted"] == "none";
    const bool found = one["found"].get<bool>();
    table.rows.push_back(
        {clean ? "nothing" : one["planted"].get<std::string>(),
         clean ? (found ? "something was invented" : "nothing") : (found ? "found" : "not found")});
  }
  return table;
}

std::string verdict_line(const LabReport& lab, report::Verdict& verdict) {
  const Observer* shaped = find(lab, "shaped");
  const json pair = shaped == nullptr ? json() : pair_of(lab, shaped->audit);
  verdict = report::Verdict::open;
  if (pair.is_null()) return "There is no audit of the shaped cluster.";
  const int status = lab_status(lab);
  verdict = status == 0 ? report::Verdict::good : status == 1 ? report::Verdict::bad : report::Verdict::open;
  return "Behind a 10 Gb/s port, " + pair["reason"].get<std::string>() + ".";
}

std::string settings_line(const json& settings) {
  std::string text;
  for (const auto& [name, value] : settings.items()) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name,
                        value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

}  // namespace

std::string observer_title(const std::string& key) {
  for (const auto& [known, title] : kObservers) {
    if (key == known) return title;
  }
  return "";
}

json lab_json(const LabReport& lab) {
  json out;
  for (const Observer& one : lab.observers) {
    const json pair = pair_of(lab, one.audit);
    if (pair.is_null()) continue;
    json& to = out[one.key];
    for (const char* name : {"accuracy",
                             "ci95",
                             "auc",
                             "auc_ci95",
                             "bits_per_s",
                             "windows",
                             "windows_of_class",
                             "classes",
                             "permutation",
                             "strongest_feature",
                             "top_features",
                             "events",
                             "verdict",
                             "reason",
                             "worst_attacker",
                             "attackers",
                             "bounds",
                             "welch",
                             "rates",
                             "draws"}) {
      if (pair.contains(name)) to[name] = pair[name];
    }
    to["line_rate"] = one.audit["line_rate"];
    to["foreign_packets"] = one.audit["checks"]["foreign_packets"];
    for (const json& other : one.audit["pairs"]) {
      to["pairs"].push_back({{"classes", other["classes"]},
                             {"accuracy", other["accuracy"]},
                             {"ci95", other["ci95"]},
                             {"auc", other["auc"]},
                             {"windows", other["windows"]},
                             {"verdict", other["verdict"]}});
    }
  }
  out["planted"] = lab.self_test.value("planted", json{{"found", 0}, {"of", 0}});
  out["planted"]["invented"] = lab.self_test.value("invented", json());
  out["settings"] = lab.settings;
  return out;
}

std::string lab_text(const LabReport& lab) {
  report::Table table = observer_table(lab);
  table.caption = fmt::format("Who can tell {} from {}?", lab.idle_class, lab.load_class);
  report::Verdict verdict{};
  std::string text = text_table(table);
  text +=
      fmt::format("  planted leaks found: {} of {}, invented: {}\n", lab.self_test["planted"]["found"].dump(),
                  lab.self_test["planted"]["of"].dump(), lab.self_test["invented"].dump());
  return text + "  " + verdict_line(lab, verdict) + "\n";
}

std::string lab_page(const LabReport& lab) {
  report::Page page(
      "Can an observer tell what the cluster does?",
      fmt::format(
          "A real Ceph cluster in the lab, idle, writing, reading and recovering in blocks of "
          "random order, plain and under Cuttle. Several attackers were trained on what each observer "
          "recorded; what counts is the one that tells most. {}.",
          settings_line(lab.settings)));
  report::Verdict verdict{};
  const std::string line = verdict_line(lab, verdict);
  page.verdict(verdict, line);
  page.figures(std::vector{accuracy_chart(lab)});
  page.table(observer_table(lab));

  page.heading("What gave it away");
  std::vector<report::RowChart> charts;
  for (const char* key : {"shaped", "shaped_raw"}) {
    const Observer* one = find(lab, key);
    if (one == nullptr) continue;
    const json pair = pair_of(lab, one->audit);
    if (!pair.is_null() && !pair["top_features"].empty()) charts.push_back(feature_chart(lab, *one));
  }
  if (!charts.empty()) page.figures(charts);
  const Observer* shaped = find(lab, "shaped");
  const Observer* raw = find(lab, "shaped_raw");
  const Observer* plain = find(lab, "plain");

  page.heading("Each kind of load against idleness");
  for (const Observer* one : {plain, shaped}) {
    if (one != nullptr) page.table(pairs_table(*one));
  }
  page.heading("Plain checks");
  for (const Observer* one : {plain, raw}) {
    if (one != nullptr) page.table(checks_table(*one));
  }
  page.heading("Is the attacker any good?");
  page.paragraph("The same audit of made-up captures, each with one leak planted, and of a clean one.");
  page.table(planted_table(lab));
  return page.html();
}

int lab_status(const LabReport& lab) {
  const Observer* shaped = find(lab, "shaped");
  const json pair = shaped == nullptr ? json() : pair_of(lab, shaped->audit);
  if (pair.is_null() || pair["verdict"] == "not judged") return 2;
  const json planted = lab.self_test.value("planted", json{{"found", 0}, {"of", 1}});
  const bool tested = planted["found"] == planted["of"] && lab.self_test.value("invented", 1) == 0;
  return tested && pair["verdict"] == "within the bound" ? 0 : 1;
}

}  // namespace cuttle::audit
