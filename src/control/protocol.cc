#include "control/protocol.hh"

#include <nlohmann/json.hpp>

namespace cuttle {

namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The text under `key`, or nothing.
const std::string* text_under(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : found->get_ptr<const std::string*>();
}

}  // namespace

std::string request_line(std::string_view request) {
  return dump({{"request", request}}) + "\n";
}

Result<std::string> parse_request(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  const std::string* request = text_under(json, "request");
  if (request == nullptr) return failure("not a request; send one line such as {\"request\":\"status\"}");
  return *request;
}

std::string error_document(std::string_view message) {
  return dump({{"error", message}}) + "\n";
}

Result<std::string> parse_response(std::string document) {
  const Json json = Json::parse(document, nullptr, false);
  if (json.is_discarded()) return failure("the agent's answer is no JSON document");
  if (const std::string* error = text_under(json, "error")) return failure("the agent says: " + *error);
  return document;
}

}  // namespace cuttle
