// pcapng files by hand (draft-ietf-opsawg-pcapng, sections 4.1 to 4.3), in either byte order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace cuttle::capture {

class PcapngBytes {
 public:
  explicit PcapngBytes(bool big = false) : big_(big) {
    std::string body = u32(0x1a2b3c4d) + u16(1) + u16(0) + std::string(8, '\xff');
    block(0x0a0d0d0a, body);
  }

  // `resolution`: 10^-n s.
  void interface(uint16_t link_type, uint32_t snap_bytes, const std::string& name, uint8_t resolution = 9) {
    std::string body = u16(link_type) + u16(0) + u32(snap_bytes);
    if (!name.empty()) body += u16(2) + u16(static_cast<uint16_t>(name.size())) + padded(name);
    body += u16(9) + u16(1) + padded(std::string(1, static_cast<char>(resolution))) + u32(0);
    block(1, body);
  }

  void packet(uint32_t interface, uint64_t ticks, const std::vector<uint8_t>& frame, uint32_t wire_bytes) {
    const auto captured = static_cast<uint32_t>(frame.size());
    block(6, u32(interface) + u32(static_cast<uint32_t>(ticks >> 32)) + u32(static_cast<uint32_t>(ticks)) +
                 u32(captured) + u32(wire_bytes) + padded(std::string(frame.begin(), frame.end())));
  }

  void block(uint32_t type, const std::string& body) {
    const auto length = static_cast<uint32_t>(body.size() + 12);
    text += u32(type) + u32(length) + body + u32(length);
  }

  std::string u32(uint32_t v) const { return ordered({reinterpret_cast<const char*>(&v), 4}); }
  std::string u16(uint16_t v) const { return ordered({reinterpret_cast<const char*>(&v), 2}); }

  std::string text;

 private:
  static std::string padded(std::string value) {
    value.resize((value.size() + 3) / 4 * 4);
    return value;
  }
  std::string ordered(std::string value) const {
    if (big_) std::reverse(value.begin(), value.end());
    return value;
  }

  bool big_;
};

// 44 bytes of an Ethernet frame with a cell in it, from 10.77.0.10 to 10.77.0.11; 1,514 on the wire.
inline std::vector<uint8_t> cell_frame() {
  return {2,  0,  0, 0, 0,  0,  2, 0,  0,  0,  0, 0,  8,    0,    0x45, 0,    0x05, 0xdc, 0, 0, 0x40, 0,
          64, 17, 0, 0, 10, 77, 0, 10, 10, 77, 0, 11, 0x11, 0x3a, 0x11, 0x3a, 0x05, 0xc8, 0, 0, 0,    0};
}

}  // namespace cuttle::capture
