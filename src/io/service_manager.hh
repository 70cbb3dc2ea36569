// What systemd is told of a service of Type=notify. Its socket is opened once, while that is still possible:
// libsystemd's sd_notify opens one each time, for which the agent would have to keep socket(2).
// Source: sd_notify(3), systemd's environment NOTIFY_SOCKET.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hh"
#include "base/time.hh"

namespace cuttle {

class ServiceManager {
 public:
  // The one that started this process; where there is none, all that is said is said to nobody.
  static ServiceManager find();

  bool is_there() const { return static_cast<bool>(socket_); }
  // "READY=1" and the like. Never waits.
  void tell(std::string_view what) const;
  // How often it wants to hear "WATCHDOG=1": twice in WatchdogSec=. None: it does not.
  std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }

 private:
  FileDescriptor socket_;
  std::string address_;  // as in sockaddr_un: begins with a zero byte for an abstract name
  std::optional<Duration> watchdog_interval_;
};

}  // namespace cuttle
