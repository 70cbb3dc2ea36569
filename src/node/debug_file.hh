// A file that an option for debugging asks for, readable by its owner alone.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hh"

namespace cuttle {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using DebugFile = std::unique_ptr<std::FILE, CloseFile>;

// Created, or appended to; an error for what is not a file of this user's alone. `option`: for the message.
Result<DebugFile> open_debug_file(std::string_view option, const std::string& path);

}  // namespace cuttle
