// Making and removing the control socket.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "control/server.hh"
#include "control/socket_address.hh"

namespace cuttle {

namespace {

constexpr mode_t kOwnerAlone = 0600;
constexpr mode_t kOwnerAndGroup = 0660;
constexpr mode_t kFolderMode = 0755;
constexpr int kQueue = 16;

// Frees the path where a dead agent left its socket.
Result<void> make_way(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return failure("control socket " + path +
                   ": something that is no socket is there; move it or choose another path");
  }
  const auto connection = connect_once(address);
  // EAGAIN: somebody is there, with a full queue.
  if (connection || connection.error() == EAGAIN) {
    const auto user = user_of_listener(path, connection);
    return failure("control socket " + path + ": another agent answers there" +
                   (user ? ", a program of user " + std::to_string(*user) : "") + "; stop it first");
  }
  if (connection.error() != ECONNREFUSED) return os_failure("control socket " + path, connection.error());
  if (::unlink(path.c_str()) != 0) return os_failure("remove the old control socket " + path, errno);
  return {};
}

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::open(const std::string& path, Handler handler,
                                                           Limits limits) {
  const auto address = socket_address(path);
  if (!address) return tl::unexpected(address.error());
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty() && ::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return os_failure("make the folder " + folder + " for the control socket", errno);
  }
  struct stat status {};
  if (::stat(folder.empty() ? "." : folder.c_str(), &status) == 0 &&
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return failure("control socket " + path + ": others can write the folder " + folder +
                   ", and could put a program of theirs in the agent's place; chmod go-w, or choose another");
  }
  if (const auto free = make_way(path, *address); !free) return tl::unexpected(free.error());
  FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode of the unbound socket becomes that of the file, so there is no moment at which others may
  // connect.
  if (!listener || ::fchmod(listener.get(), kOwnerAlone) != 0 ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::listen(listener.get(), kQueue) != 0) {
    return os_failure("control socket " + path, errno,
                      "its folder must be writable, and on a local file system");
  }
  // The folder is the owner's, so the path is still that of this socket.
  if (limits.group && (::lchown(path.c_str(), static_cast<uid_t>(-1), *limits.group) != 0 ||
                       ::chmod(path.c_str(), kOwnerAndGroup) != 0)) {
    const int error = errno;
    ::unlink(path.c_str());
    return os_failure("control socket " + path + ": cannot give it to its group", error,
                      "the user that runs the agent must be a member");
  }
  return std::unique_ptr<ControlServer>(
      new ControlServer(path, std::move(listener), std::move(handler), limits));
}

ControlServer::ControlServer(std::string path, FileDescriptor listener, Handler handler, Limits limits)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      handler_(std::move(handler)),
      limits_(limits),
      file_(SocketFile::look(path_)) {
  clients_.reserve(limits_.clients);
}

ControlServer::~ControlServer() {
  file_.remove();
}

}  // namespace cuttle
