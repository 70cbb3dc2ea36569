// An attacker on the network who recorded cells: sends them again, altered or not, out of an interface.
//   inject --interface mb --capture cells.pcap --from 10.0.0.1 --to 10.0.0.2 --kind wrong_size --count 50
//   inject ... --kind initiation --public-key KEY: floods the owner of that key with initiations whose mac1
//   is right
#include <pcap/pcap.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <map>
#include <optional>
#include <vector>

#include "base/random.hh"
#include "io/clock.hh"
#include "link/handshake_mac.hh"
#include "raw_port.hh"
#include "tool.hh"
#include "wire/handshake.hh"

namespace cuttle::tools {

namespace {

struct Source {
  std::string file;
  IpAddress from;
  IpAddress to;
  bool handshakes;  // those, or the cells
};

bool is_handshake(Bytes frame, const UdpPlaces& places) {
  return places.payload_bytes >= 4 && load_be32(frame.data() + places.payload) == 0;
}

std::vector<Frame> read_capture(const Source& source, size_t max) {
  char error[PCAP_ERRBUF_SIZE];
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> file(pcap_open_offline(source.file.c_str(), error),
                                                        pcap_close);
  if (file == nullptr) die(error);
  std::vector<Frame> frames;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (frames.size() < max && pcap_next_ex(file.get(), &header, &data) == 1) {
    if (header->caplen != header->len) die(source.file + ": captured in part only; tcpdump -s 0");
    const Bytes frame(data, header->caplen);
    const auto places = find_udp(frame);
    if (!places || source_of(frame, *places) != source.from || destination_of(frame, *places) != source.to) {
      continue;
    }
    if (is_handshake(frame, *places) == source.handshakes) frames.emplace_back(frame.begin(), frame.end());
  }
  return frames;
}

void fill(Frame& frame, size_t from, Random& random) {
  for (size_t i = from; i < frame.size(); ++i) frame[i] = static_cast<uint8_t>(random.next());
}

using Change = void (*)(Frame&, UdpPlaces&, Random&);

// What can be done to a recorded cell.
const std::map<std::string, Change>& changes() {
  static const std::map<std::string, Change> all{
      {"replay", [](Frame&, UdpPlaces&, Random&) {}},
      {"replay_handshake", [](Frame&, UdpPlaces&, Random&) {}},
      {"wrong_size",
       [](Frame& frame, UdpPlaces& places, Random& random) {
         // Anything but the right one, from nothing at all to jumbo frames, and just beside it.
         const size_t right = places.payload_bytes;
         const size_t sizes[] = {0,         1,         4,         16,        100, right - 4,
                                 right - 1, right + 1, right + 4, 2 * right, 8000};
         resize_payload(frame, places, sizes[random.below(std::size(sizes))]);
       }},
      {"garbage",
       [](Frame& frame, UdpPlaces& places, Random& random) { fill(frame, places.payload, random); }},
      {"forged",  // the right SPI, a number that would come next, and the rest garbage
       [](Frame& frame, UdpPlaces& places, Random& random) {
         uint8_t* cell = frame.data() + places.payload;
         const uint32_t sequence =
             load_be32(cell + 4) + 1'000'000 + static_cast<uint32_t>(random.below(1000));
         store_be32(cell + 4, sequence);
         store_be64(cell + 8, sequence);
         fill(frame, places.payload + 16, random);
       }},
      {"garbage_handshake",
       [](Frame& frame, UdpPlaces& places, Random& random) {
         fill(frame, places.payload, random);
         store_be32(frame.data() + places.payload, 0);
       }},
  };
  return all;
}

// The same frames over and over, as fast as one sender can: what a flood costs.
void flood(RawPort& port, const std::vector<Frame>& frames, int64_t for_ms) {
  const MonotonicClock clock;
  const Instant begin = clock.now();
  const std::clock_t cpu = std::clock();
  uint64_t sent = 0;
  while (clock.now() < begin + milliseconds(for_ms)) sent += port.send_all(frames);
  const double seconds_taken = static_cast<double>((clock.now() - begin).ns) / 1e9;
  print({{"sent", sent},
         {"seconds", seconds_taken},
         {"per_second", static_cast<double>(sent) / seconds_taken},
         {"cpu", static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / seconds_taken}});
}

// What somebody can make who knows a node's public key, and nothing else.
void make_initiation(Frame& frame, const UdpPlaces& places, Random& random, HandshakeMac& mac) {
  const MutableBytes cell(frame.data() + places.payload, places.payload_bytes);
  std::fill(cell.begin(), cell.end(), uint8_t{0});
  for (size_t i = 8; i < wire::kMacCoveredBytes; ++i) cell[i] = static_cast<uint8_t>(random.next());
  cell[4] = static_cast<uint8_t>(wire::HandshakeType::initiation);
  store_be32(cell.data() + 12, 0);
  mac.store(cell);
}

int run(int argc, char** argv) {
  CLI::App app("Sends recorded cells again, altered or not", "inject");
  std::string interface;
  std::string from;
  std::string to;
  std::string as;
  std::string kind = "replay";
  Source source;
  std::string public_key;
  size_t count = 100;
  int64_t every_us = 100;
  uint64_t seed = 1;
  int64_t flood_ms = 0;
  app.add_option("--interface", interface)->required();
  app.add_option("--capture", source.file)->required();
  app.add_option("--from", from, "of the recorded cells")->required();
  app.add_option("--to", to, "of the recorded cells")->required();
  app.add_option("--as", as, "source address instead of the recorded one");
  app.add_option("--kind", kind,
                 "replay, replay_handshake, wrong_size, garbage, forged, garbage_handshake, initiation");
  app.add_option("--public-key", public_key, "whom initiations are for");
  app.add_option("--count", count);
  app.add_option("--every-us", every_us);
  app.add_option("--seed", seed);
  app.add_option("--flood-ms", flood_ms, "as fast as possible for so long; --count different ones");
  CLI11_PARSE(app, argc, argv);

  const auto change = changes().find(kind);
  if (change == changes().end() && kind != "initiation") die("no such kind: " + kind);
  std::optional<HandshakeMac> mac;
  if (kind == "initiation") {
    const auto key = PublicKey::parse(public_key);
    if (!key) die(key.error().message);
    mac.emplace(*key);
  }
  const auto parsed_from = IpAddress::parse(from);
  const auto parsed_to = IpAddress::parse(to);
  const auto parsed_as = IpAddress::parse(as.empty() ? from : as);
  if (!parsed_from || !parsed_to || !parsed_as) die("not an address");
  source.from = *parsed_from;
  source.to = *parsed_to;
  source.handshakes = kind == "replay_handshake" || kind == "initiation";
  const std::vector<Frame> frames = read_capture(source, count);
  if (frames.empty()) die(source.file + ": no such cells in it");

  RawPort port(interface);
  Random random(seed);
  const MonotonicClock clock;
  std::vector<Frame> prepared;
  for (size_t i = 0; i < count; ++i) {
    Frame frame = frames[i % frames.size()];
    auto places = *find_udp(frame);
    if (mac) {
      make_initiation(frame, places, random, *mac);
    } else {
      change->second(frame, places, random);
    }
    set_source(frame, places, *parsed_as);
    fix_checksums(frame, places);
    if (flood_ms > 0) {
      prepared.push_back(std::move(frame));
      continue;
    }
    port.send(frame);
    clock.sleep_until(clock.now() + microseconds(every_us));
  }
  if (flood_ms > 0) {
    flood(port, prepared, flood_ms);
  } else {
    print({{"sent", count}});
  }
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
