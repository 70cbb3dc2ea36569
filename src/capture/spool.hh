// A capture that comes through a pipe, kept so that it can be read more than once.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/result.hh"

namespace cuttle::capture {

class Spool {
 public:
  // `path`: a file, a pipe, or "-" for standard input.
  explicit Spool(std::string path) : path_(std::move(path)) {}

  std::string name() const { return path_ == "-" ? "standard input" : path_; }  // for messages
  // Where to read. A file's own path; for anything else, the first call reads it to its end into a temporary
  // file that has no name and goes with this object. Errors: it cannot be read, or the disk is full.
  Result<std::string> path();

 private:
  struct FileCloser {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  Result<void> fill();

  std::string path_;
  std::unique_ptr<FILE, FileCloser> kept_;
};

}  // namespace cuttle::capture
