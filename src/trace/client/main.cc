// cuttle-trace-client, which loads librados; so does cuttle-mesh, and no other program here. `cuttle trace`
// starts it: once as the client that is traced (put, get), once as its own line to the cluster (control).
#include <CLI/CLI.hpp>

#include "control.hh"
#include "operation.hh"
#include "recorder.hh"
#include "settings.hh"

int main(int argc, char** argv) {
  using namespace cuttle::trace;
  CLI::App app{"cuttle-trace-client: started by `cuttle trace`, not by hand"};
  app.require_subcommand(1);
  ClientSettings settings;
  Operation operation;
  int records_fd = -1;
  const auto common = [&](CLI::App* command) {
    command->add_option("--conf", settings.configuration);
    command->add_option("--name", settings.name)->required();
    command->add_option("--timeout", settings.timeout_s)->required();
    return command;
  };
  for (const char* word : {"put", "get"}) {
    CLI::App* command = common(app.add_subcommand(word));
    command->add_option("--log-fd", settings.log_fd)->required();
    command->add_option("--records-fd", records_fd)->required();
    command->add_option("pool", operation.pool)->required();
    command->add_option("object", operation.object)->required();
    command->add_option("file", operation.file)->required();
  }
  CLI::App* control = common(app.add_subcommand("control"));
  CLI11_PARSE(app, argc, argv);
  if (control->parsed()) return run_control(settings);
  if (!open_recorder(records_fd)) return 2;
  operation.put = app.got_subcommand("put");
  return run_operation(settings, operation);
}
