#include "audit/port_model.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cuttle::audit {

namespace {

class PortModel : public capture::PacketSource {
 public:
  PortModel(std::unique_ptr<capture::PacketSource> inner, LineRate rate)
      : inner_(std::move(inner)), rate_(rate) {}

  Result<bool> next(capture::PacketRecord& record) override {
    auto more = inner_->next(record);
    counts_ = inner_->counts();
    if (!more || !*more) return more;
    // Picoseconds: at 100 Gb/s a byte takes 80 of them.
    int64_t& free_at_ps = free_at_ps_[record.source];
    const int64_t base_ns = base_.ns == 0 ? (base_ = record.time).ns : base_.ns;
    const int64_t comes_ps = (record.time.ns - base_ns) * 1000;
    const int64_t leaves_ps = std::max(comes_ps, free_at_ps);
    if ((leaves_ps - comes_ps) / 1000 > kMaxWaitForPort.ns) {
      return failure(fmt::format(
          "line rate: a port of {}b/s cannot carry what {} sends: after {:.1f} s a packet waits more than {} "
          "ms; take a faster port, or `raw`",
          rate_.to_string(), record.source.to_string(), static_cast<double>(comes_ps) * 1e-12,
          kMaxWaitForPort.ns / 1'000'000));
    }
    const uint64_t bits = 8 * (uint64_t{record.ip_bytes} + kEthernetHeaderBytes + kEthernetLineBytes);
    free_at_ps = leaves_ps + static_cast<int64_t>(bits * 1'000'000'000'000ULL / rate_.bits_per_second);
    record.time = Instant{base_ns + leaves_ps / 1000};
    return more;
  }

  double fraction_read() const override { return inner_->fraction_read(); }
  std::string interface_name(uint32_t interface) const override { return inner_->interface_name(interface); }

 private:
  std::unique_ptr<capture::PacketSource> inner_;
  LineRate rate_;
  Instant base_;
  std::map<IpAddress, int64_t> free_at_ps_;
};

}  // namespace

Result<LineRate> LineRate::parse(std::string_view text) {
  if (text == "raw") return LineRate{};
  const std::string message = fmt::format(
      "line rate: `{}` is neither `raw` nor a rate such as 10G, 2.5G or 100M (10M to 1000G)", text);
  if (text.empty()) return failure(message);
  const double unit = text.back() == 'G' ? 1e9 : text.back() == 'M' ? 1e6 : 0;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, value);
  if (unit == 0 || error != std::errc() || end != text.data() + text.size() - 1) return failure(message);
  if (!(value * unit >= 10e6) || value * unit > 1000e9) return failure(message);
  return LineRate{static_cast<uint64_t>(value * unit)};
}

std::string LineRate::to_string() const {
  if (is_raw()) return "raw";
  const auto rate = static_cast<double>(bits_per_second);
  return rate >= 1e9 ? fmt::format("{:g}G", rate / 1e9) : fmt::format("{:g}M", rate / 1e6);
}

std::unique_ptr<capture::PacketSource> behind_port(std::unique_ptr<capture::PacketSource> inner,
                                                   LineRate rate) {
  if (rate.is_raw()) return inner;
  return std::make_unique<PortModel>(std::move(inner), rate);
}

}  // namespace cuttle::audit
