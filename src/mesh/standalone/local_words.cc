#include "local_words.hh"

#include <chrono>
#include <filesystem>
#include <thread>

#include "host_files.hh"
#include "io/child_process.hh"
#include "io/file_lock.hh"
#include "mesh/next_number.hh"

namespace cuttle::mesh {

namespace {

Result<SigningKey> identity_of(const NodeFile& node) {
  const auto folder = std::filesystem::path(node.path).parent_path();
  return read_signing_key((folder / (node.config.name + ".identity")).string());
}

// The file belongs to cuttle-mesh; what root proves and publishes has to be root's own word of before.
Result<void> check_own(const Entry& own, const SigningKey& identity) {
  if (own.identity == identity.verifying_key() && is_proved(own)) return {};
  return failure(
      "this host's own entry does not bear its proof: somebody changed it; cuttle mesh join --again");
}

// Nor may it be an older one that was put back: others would not believe what follows it.
Result<void> check_is_newest(const Entry& own, const std::optional<std::string>& there) {
  if (!there || !is_set_back(own, *there)) return {};
  return failure(
      "this host's own entry is older than the one that it proved and the monitors have: the file was set "
      "back; cuttle mesh join --again");
}

}  // namespace

Result<LocalHost> LocalHost::open(const std::string& config) {
  auto node = node_of(config);
  if (!node) return tl::unexpected(node.error());
  const Files files = files_of(node->config.mesh->peers_file);
  auto own = read_own(files, node->config.mesh->host);
  if (!own) return tl::unexpected(own.error());
  if (!*own) return failure(fmt::format("{} is not there: this host has not joined", files.own));
  const auto identity = identity_of(*node);
  if (!identity) return tl::unexpected(identity.error());
  if (auto good = check_own(**own, *identity); !good) return tl::unexpected(good.error());
  LocalHost host(std::move(*node), std::move(**own));
  // Where the monitors answer; publish() asks again.
  if (const auto there = host.store_->get(kPeerPrefix + host.own_.host)) {
    if (auto newest = check_is_newest(host.own_, *there); !newest) return tl::unexpected(newest.error());
  }
  return host;
}

Result<void> LocalHost::publish(Entry entry) {
  const auto identity = identity_of(node_);
  if (!identity) return tl::unexpected(identity.error());
  // Also whether the monitors answer, before anything is written down.
  const auto there = store_->get(kPeerPrefix + own_.host);
  if (!there) return tl::unexpected(there.error());
  {
    const auto lock = FileLock::wait_for(files_.lock);
    if (!lock) return tl::unexpected(lock.error());
    const auto newest = read_own(files_, own_.host);
    if (newest && *newest) {
      if (auto good = check_own(**newest, *identity); !good) return good;
      own_ = **newest;
    }
    if (auto good = check_is_newest(own_, *there); !good) return good;
    const auto number = number_after(own_.counter);
    if (!number) return tl::unexpected(number.error());
    entry.identity = identity->verifying_key();
    entry.counter = *number;
    entry.signature.reset();
    prove(entry, *identity);
    if (auto written = write_file(files_.own, to_json(entry)); !written) return written;
    own_ = entry;
  }
  return store_->set(kPeerPrefix + own_.host, to_json(own_));
}

std::vector<std::string> LocalHost::wait_until_taken(Duration timeout) {
  const Instant deadline = steady_now() + timeout;
  for (;;) {
    std::vector<std::string> missing;
    const auto known = read_known(files_, node_.text);
    const auto states = store_->dump(kStatePrefix);
    for (const auto& [host, pin] : known ? known->pins : std::map<std::string, Pin>()) {
      if (pin.standing != Standing::in) continue;
      const auto state = states ? states->find(host) : std::map<std::string, std::string>::const_iterator();
      const bool has_state = states && state != states->end();
      const auto number = has_state ? taken_number(state->second, own_.host) : std::nullopt;
      if (!number || *number < own_.counter) missing.push_back(host);
    }
    if (missing.empty() || steady_now() >= deadline) return missing;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace cuttle::mesh
