// Numbers that a node used twice, as a machine does that was set back to a snapshot: of the cells in a
// capture, those of its second life with SPI and sequence number of one before. And the ephemeral keys of
// handshakes, which must not come again either.
//   reuse --capture F --from 10.99.0.1 --to 10.99.0.2 --restored-at 1796000000.25 [--told-at 1796000001.5]
// Times are seconds since 1970, as the capture has them.
#include <pcap/pcap.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/bytes.hh"
#include "frame.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

// wire-format.md: an initiation or a response; Noise's message begins with the ephemeral key.
constexpr size_t kTypeOffset = 4;
constexpr size_t kEphemeralOffset = 16;
constexpr size_t kEphemeralBytes = 32;
constexpr uint8_t kCookie = 3;

// A number, and what was sent with it first.
using Cells = std::map<std::vector<uint8_t>, std::vector<uint8_t>>;

class Lives {
 public:
  // told_at_s: when the node learned of it.
  Lives(double restored_at_s, double told_at_s) : restored_at_s_(restored_at_s), told_at_s_(told_at_s) {}

  void handle_datagram(double at_s, Bytes payload) {
    const bool again = at_s >= restored_at_s_;
    if (again && began_again_s_ == 0) began_again_s_ = at_s;
    if (load_be32(payload.data()) == 0) {
      handle_handshake(payload, again);
    } else {
      handle_cell(at_s, payload, again);
    }
  }

  nlohmann::json report() const {
    return {{"cells", cells_},
            {"cells_again", cells_again_},
            {"handshakes_again", handshakes_again_},
            {"began_again_s", began_again_s_},
            {"twice_in_one_life", twice_in_one_life_},
            {"twice_same_bytes", twice_same_},
            {"twice_other_bytes", twice_other_},
            {"twice_after_told", twice_after_told_},
            {"last_twice_s", last_twice_s_},
            {"ephemerals_twice", ephemerals_twice_}};
  }

 private:
  void handle_cell(double at_s, Bytes payload, bool again) {
    ++(again ? cells_again_ : cells_);
    const std::vector<uint8_t> number(payload.begin(), payload.begin() + 8);
    std::vector<uint8_t> bytes(payload.begin(), payload.end());
    if (!(again ? numbers_again_ : numbers_).emplace(number, bytes).second) ++twice_in_one_life_;
    if (!again) return;
    const auto before = numbers_.find(number);
    if (before == numbers_.end()) return;
    ++(before->second == bytes ? twice_same_ : twice_other_);
    last_twice_s_ = at_s;
    if (at_s >= told_at_s_) ++twice_after_told_;
  }

  void handle_handshake(Bytes payload, bool again) {
    if (again) ++handshakes_again_;
    if (payload[kTypeOffset] == kCookie) return;
    const auto key = payload.subspan(kEphemeralOffset, kEphemeralBytes);
    const std::vector<uint8_t> ephemeral(key.begin(), key.end());
    if (!again) {
      ephemerals_.insert(ephemeral);
    } else if (ephemerals_.contains(ephemeral)) {
      ++ephemerals_twice_;
    }
  }

  double restored_at_s_;
  double told_at_s_;
  double began_again_s_ = 0;
  double last_twice_s_ = 0;
  uint64_t cells_ = 0;
  uint64_t cells_again_ = 0;
  uint64_t handshakes_again_ = 0;
  uint64_t twice_in_one_life_ = 0;
  uint64_t twice_same_ = 0;
  uint64_t twice_other_ = 0;
  uint64_t twice_after_told_ = 0;
  uint64_t ephemerals_twice_ = 0;
  Cells numbers_;
  Cells numbers_again_;
  std::set<std::vector<uint8_t>> ephemerals_;
};

int run(int argc, char** argv) {
  CLI::App app("Numbers that a node used twice", "reuse");
  std::string file, from, to;
  double restored_at_s = 0;
  double told_at_s = 0;
  app.add_option("--capture", file)->required();
  app.add_option("--from", from)->required();
  app.add_option("--to", to)->required();
  app.add_option("--restored-at", restored_at_s)->required();
  app.add_option("--told-at", told_at_s);
  CLI11_PARSE(app, argc, argv);
  const auto source = IpAddress::parse(from);
  const auto destination = IpAddress::parse(to);
  if (!source || !destination) die("not an address");
  char error[PCAP_ERRBUF_SIZE];
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> capture(pcap_open_offline(file.c_str(), error),
                                                           pcap_close);
  if (capture == nullptr) die(error);
  Lives lives(restored_at_s, told_at_s);
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(capture.get(), &header, &data) == 1) {
    if (header->caplen != header->len) die(file + ": captured in part only; tcpdump -s 0");
    const Bytes frame(data, header->caplen);
    const auto places = find_udp(frame);
    if (!places || source_of(frame, *places) != *source || destination_of(frame, *places) != *destination ||
        places->payload_bytes < kEphemeralOffset + kEphemeralBytes) {
      continue;
    }
    lives.handle_datagram(
        static_cast<double>(header->ts.tv_sec) + static_cast<double>(header->ts.tv_usec) / 1e6,
        frame.subspan(places->payload, places->payload_bytes));
  }
  print(lives.report());
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
