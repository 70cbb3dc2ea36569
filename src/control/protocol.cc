#include "control/protocol.hh"

#include <nlohmann/json.hpp>

#include "base/printable.hh"

namespace cuttle {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The text under `key`, or nothing.
template <typename AnyJson>
const std::string* text_under(const AnyJson& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : found->template get_ptr<const std::string*>();
}

// Makes all texts of a document printable. It is root who reads them, on a terminal, and the agent is what
// parses strangers' datagrams. An agent of ours says nothing that would be changed.
class Tidying {
 public:
  bool has_changed() const { return has_changed_; }
  OrderedJson of(const OrderedJson& json, int depth = 0) {
    if (json.is_string()) return text(json.get_ref<const std::string&>());
    if (!json.is_structured()) return json;
    if (depth == kMaxDepth) return text("\x1b");
    OrderedJson out = json.is_object() ? OrderedJson::object() : OrderedJson::array();
    for (const auto& [key, value] : json.items()) {
      if (json.is_object()) {
        out[text(key)] = of(value, depth + 1);
      } else {
        out.push_back(of(value, depth + 1));
      }
    }
    return out;
  }

 private:
  static constexpr int kMaxDepth = 16;  // a status has five

  std::string text(const std::string& said) {
    std::string shown = printable(said);
    has_changed_ = has_changed_ || shown != said;
    return shown;
  }
  bool has_changed_ = false;
};

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
  const OrderedJson json = OrderedJson::parse(document, nullptr, false);
  if (json.is_discarded()) return failure("the agent's answer is no JSON document");
  if (const std::string* error = text_under(json, "error"))
    return failure("the agent says: " + printable(*error, true));
  Tidying tidying;
  const OrderedJson shown = tidying.of(json);
  if (!tidying.has_changed() && printable(document, true) == document) return document;
  return shown.dump(2, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace cuttle
