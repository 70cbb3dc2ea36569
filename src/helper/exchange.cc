#include "helper/exchange.hh"

#include <algorithm>

#include "crypto/secret.hh"

namespace cuttle::helper {

namespace {

Result<void> receive_bytes(const Channel& channel, uint64_t size, std::string& bytes, Instant until) {
  bytes.reserve(size);  // so that no copy with a key in it is left behind
  while (bytes.size() < size) {
    auto piece = channel.receive(until);
    if (!piece) return tl::unexpected(piece.error());
    const bool fits = piece->bytes.size() <= size - bytes.size() && piece->descriptors.empty();
    if (fits) bytes += piece->bytes;
    wipe(piece->bytes.data(), piece->bytes.size());
    if (!fits) return failure("the helper's answer is longer than it says");
  }
  return {};
}

Result<void> receive_descriptors(const Channel& channel, size_t count,
                                 std::vector<FileDescriptor>& descriptors, Instant until) {
  while (descriptors.size() < count) {
    auto piece = channel.receive(until);
    if (!piece) return tl::unexpected(piece.error());
    if (piece->descriptors.empty() || piece->descriptors.size() > count - descriptors.size()) {
      return failure("the helper's answer has other descriptors than it says");
    }
    std::move(piece->descriptors.begin(), piece->descriptors.end(), std::back_inserter(descriptors));
  }
  return {};
}

}  // namespace

Result<Heard> ask(const Channel& channel, const Request& request, Instant until) {
  if (auto sent = channel.send(to_bytes(request), {}, until); !sent) return tl::unexpected(sent.error());
  const auto first = channel.receive(until);
  if (!first) return tl::unexpected(first.error());
  const auto head = parse_answer_head(first->bytes);
  if (!head || !first->descriptors.empty()) return failure("the helper says what is no answer");
  Heard heard;
  heard.done = head->done;
  auto received = receive_bytes(channel, head->bytes, heard.bytes, until);
  if (received) received = receive_descriptors(channel, head->descriptors, heard.descriptors, until);
  if (received) return heard;
  wipe(heard.bytes.data(), heard.bytes.size());
  return tl::unexpected(received.error());
}

Result<void> send_answer(const Channel& channel, const Answer& answer, Instant until) {
  const std::string_view all = std::string_view(answer.bytes).substr(0, kMaxAnswerBytes);
  const AnswerHead head{answer.done, static_cast<uint32_t>(answer.descriptors.size()), all.size()};
  if (auto sent = channel.send(to_bytes(head), {}, until); !sent) return sent;
  for (size_t at = 0; at < all.size(); at += Channel::kMaxBytes) {
    if (auto sent = channel.send(all.substr(at, Channel::kMaxBytes), {}, until); !sent) return sent;
  }
  const std::span<const int> descriptors(answer.descriptors);
  for (size_t at = 0; at < descriptors.size(); at += Channel::kMaxDescriptors) {
    const size_t count = std::min(Channel::kMaxDescriptors, descriptors.size() - at);
    constexpr char kNone[1] = {0};
    if (auto sent = channel.send(kNone, descriptors.subspan(at, count), until); !sent) return sent;
  }
  return {};
}

}  // namespace cuttle::helper
