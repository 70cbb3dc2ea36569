// What goes over the control socket: the client sends one line, {"request":"status"}, the agent answers with
// one JSON document and closes. An error is the document {"error":"..."}. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hh"

namespace cuttle {

inline constexpr size_t kLongestRequestBytes = 4096;
inline constexpr size_t kLongestResponseBytes = 16 << 20;
inline constexpr size_t kLongestSocketPathBytes = 107;  // sun_path less its final zero, unix(7)

// "status" to its line.
std::string request_line(std::string_view request);
// A line (with or without its line feed) to "status"; any JSON object whose "request" is a text.
Result<std::string> parse_request(std::string_view line);

std::string error_document(std::string_view message);
// The document itself, or the error that it holds. What a terminal would not print but obey is replaced.
Result<std::string> parse_response(std::string document);

}  // namespace cuttle
