#include "control.hh"

#include <csignal>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cuttle::trace {

namespace {

using Json = nlohmann::json;

struct Undo {
  int osd;
  std::string command;
};

void answer(const Json& json) {
  std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

std::string taken(char* buffer, size_t length) {
  std::string text = buffer == nullptr ? std::string() : std::string(buffer, length);
  if (buffer != nullptr) rados_buffer_free(buffer);
  return text;
}

Json ask(rados_t handle, const Json& request) {
  const std::string command = request.at("command").dump();
  const char* commands[] = {command.c_str()};
  char* out = nullptr;
  char* said = nullptr;
  size_t out_length = 0;
  size_t said_length = 0;
  int status = 0;
  if (request.at("to") == "mon") {
    status = rados_mon_command(handle, commands, 1, "", 0, &out, &out_length, &said, &said_length);
  } else {
    status = rados_osd_command(handle, request.at("id").get<int>(), commands, 1, "", 0, &out, &out_length,
                               &said, &said_length);
  }
  return {{"status", status}, {"out", taken(out, out_length)}, {"said", taken(said, said_length)}};
}

void serve(rados_t handle, std::vector<Undo>& undos) {
  std::string line;
  while (std::getline(std::cin, line)) {
    const Json request = Json::parse(line, nullptr, false);
    if (request.is_discarded() || !request.contains("to") || !request.contains("command")) {
      answer({{"status", -EINVAL}, {"out", ""}, {"said", "not a request"}});
    } else if (request["to"] == "undo") {
      undos.push_back({request.at("id").get<int>(), request["command"].dump()});
      answer({{"status", 0}, {"out", ""}, {"said", ""}});
    } else {
      answer(ask(handle, request));
    }
  }
}

}  // namespace

int run_control(const ClientSettings& settings) {
  // ^C is for the tracer; what was changed has to be changed back first.
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGTERM, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  rados_t handle = nullptr;
  int status = create_handle(settings, &handle);
  if (status == 0) status = configure_handle(settings, handle);
  if (status == 0) status = rados_connect(handle);
  answer({{"status", status}, {"said", status == 0 ? "" : std::strerror(-status)}});
  std::vector<Undo> undos;
  if (status == 0) serve(handle, undos);
  for (const Undo& undo : undos) {
    ask(handle, {{"to", "osd"}, {"id", undo.osd}, {"command", Json::parse(undo.command)}});
  }
  if (handle != nullptr) rados_shutdown(handle);
  return status == 0 ? 0 : 1;
}

}  // namespace cuttle::trace
