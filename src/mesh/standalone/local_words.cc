#include "local_words.hh"

#include <chrono>
#include <filesystem>
#include <thread>

#include "host_files.hh"
#include "io/child_process.hh"
#include "io/file_lock.hh"
#include "mesh/next_number.hh"
#include "mesh/proved_number.hh"

namespace cuttle::mesh {

namespace {

std::string identity_file_of(const NodeFile& node) {
  const auto folder = std::filesystem::path(node.path).parent_path();
  return (folder / (node.config.name + ".identity")).string();
}

// The file belongs to cuttle-mesh; what root proves and publishes has to be root's own word of before.
Result<void> check_own(const Entry& own, const SigningKey& identity) {
  if (own.identity == identity.verifying_key() && is_proved(own)) return {};
  return failure(
      "this host's own entry does not bear its proof: somebody changed it; cuttle mesh join --again");
}

}  // namespace

Result<LocalHost> LocalHost::open(const std::string& config) {
  auto node = node_of(config);
  if (!node) return tl::unexpected(node.error());
  const Files files = files_of(node->config.mesh->peers_file);
  auto own = read_own(files, node->config.mesh->host);
  if (!own) return tl::unexpected(own.error());
  if (!*own) return failure(fmt::format("{} is not there: this host has not joined", files.own));
  const std::string identity_file = identity_file_of(*node);
  const auto identity = read_signing_key(identity_file);
  if (!identity) return tl::unexpected(identity.error());
  if (auto good = check_own(**own, *identity); !good) return tl::unexpected(good.error());
  const auto proved = ProvedNumber::open(identity_file, identity->verifying_key());
  if (!proved) return tl::unexpected(proved.error());
  LocalHost host(std::move(*node), std::move(**own));
  // Where the monitors answer; publish() asks again.
  const auto there = host.store_->get(kPeerPrefix + host.own_.host);
  auto newest = check_is_newest(host.own_, there ? *there : std::nullopt, proved->highest());
  if (!newest) return tl::unexpected(newest.error());
  return host;
}

Result<void> LocalHost::publish(Entry entry) {
  const std::string identity_file = identity_file_of(node_);
  const auto identity = read_signing_key(identity_file);
  if (!identity) return tl::unexpected(identity.error());
  // Also whether the monitors answer, before anything is written down.
  const auto there = store_->get(kPeerPrefix + own_.host);
  if (!there) return tl::unexpected(there.error());
  {
    auto proved = ProvedNumber::open(identity_file, identity->verifying_key());
    if (!proved) return tl::unexpected(proved.error());
    const auto lock = FileLock::wait_for(files_.lock);
    if (!lock) return tl::unexpected(lock.error());
    const auto newest = read_own(files_, own_.host);
    if (newest && *newest) {
      if (auto good = check_own(**newest, *identity); !good) return good;
      own_ = **newest;
    }
    if (auto good = check_is_newest(own_, *there, proved->highest()); !good) return good;
    const auto number = number_after(own_.counter);
    if (!number) return tl::unexpected(number.error());
    entry.identity = identity->verifying_key();
    entry.counter = *number;
    entry.signature.reset();
    prove(entry, *identity);
    if (auto raised = proved->raise_to(entry.counter); !raised) return raised;
    if (auto written = write_file(files_.own, to_json(entry), files_.spare); !written) return written;
    own_ = entry;
  }
  return store_->set(kPeerPrefix + own_.host, to_json(own_));
}

Result<std::vector<std::string>> LocalHost::wait_until_taken(Duration timeout) {
  const Instant deadline = steady_now() + timeout;
  for (;;) {
    const auto known = read_known(files_, node_.text);
    // Not "nobody is known": then nobody would be missing.
    if (!known) return tl::unexpected(known.error());
    const auto states = store_->dump(kStatePrefix);
    const std::vector<std::string> missing =
        not_taken_by(*known, states ? *states : std::map<std::string, std::string>(), own_);
    if (missing.empty() || steady_now() >= deadline) return missing;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace cuttle::mesh
