// The audit's results as text, JSON and a page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "audit/audit.hh"
#include "audit/self_test.hh"

namespace cuttle::audit {

const char* verdict_text(Verdict verdict);

std::string result_text(const AuditResult& result);
nlohmann::json result_json(const AuditResult& result);
std::string result_page(const AuditResult& result);

// One line on the attackers that were handed the draws; asked only where there are some.
std::string draws_line(const PairResult& pair);

std::string self_test_text(const SelfTest& test);
nlohmann::json self_test_json(const SelfTest& test);

}  // namespace cuttle::audit
