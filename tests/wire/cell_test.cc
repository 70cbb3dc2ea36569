// Sizes and places of what is on the wire.
#include "wire/cell.hh"

#include <gtest/gtest.h>

#include <vector>

#include "wire/handshake.hh"
#include "wire/pad.hh"

namespace cuttle::wire {
namespace {

TEST(CellFormat, WhatFollowsFromASize) {
  constexpr CellFormat format(1472);
  EXPECT_EQ(format.cell_bytes(), 1472u);
  EXPECT_EQ(format.data_bytes(), 1434u);
  EXPECT_EQ(format.payload_bytes(), 1440u);
  EXPECT_EQ(format.ip_bytes(false), 1500u);
  EXPECT_EQ(CellFormat(1452).ip_bytes(true), 1500u);
}

TEST(CellFormat, EverySizeThatIsAllowedHoldsAHandshake) {
  for (uint32_t bytes = kSmallestCellBytes; bytes <= kLargestCellBytes; bytes += kCellAlignmentBytes) {
    const CellFormat format(bytes);
    ASSERT_EQ(format.payload_bytes(), format.data_bytes() + kAggfragHeaderBytes + kEspTrailerBytes);
    ASSERT_EQ(format.payload_bytes() % 4, 0u) << "ESP aligns its trailer (RFC 4303, 2.4)";
    ASSERT_GE(bytes, kHandshakeHeaderBytes + kNoiseMessage1Bytes + kMacsBytes);
  }
}

TEST(CellFormatDeathTest, OtherSizesAreABrokenInvariant) {
  EXPECT_DEATH(CellFormat(1473), "multiple of four");
  EXPECT_DEATH(CellFormat(252), "out of range");
  EXPECT_DEATH(CellFormat(8976), "out of range");
}

TEST(EspHeader, IsReadAsWritten) {
  uint8_t cell[16];
  store_esp_header(cell, Spi{0x01020304}, Sequence{0xfffefdfc});
  const uint8_t wanted[16] = {1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc, 0, 0, 0, 0, 0xff, 0xfe, 0xfd, 0xfc};
  EXPECT_TRUE(std::equal(cell, cell + 16, wanted));
  EXPECT_EQ(load_esp_header(cell).spi, Spi{0x01020304});
  EXPECT_EQ(load_esp_header(cell).sequence, Sequence{0xfffefdfc});
  EXPECT_EQ(load_esp_header(cell).iv, 0xfffefdfcu);
}

TEST(Handshake, IsToldFromACellByItsFirstFourBytes) {
  std::vector<uint8_t> cell(256, 0);
  EXPECT_TRUE(is_handshake(cell));
  for (size_t i = 0; i < 4; ++i) {
    auto other = cell;
    other[i] = 1;
    EXPECT_FALSE(is_handshake(other));
  }
  EXPECT_FALSE(is_handshake(Bytes(cell).first(15)));
}

TEST(Offer, IsReadAsWritten) {
  const Offer offer{0x1122334455667788, Spi{0x99aabbcc}, 7, 0x0102030405060708, 250'000, 1472};
  uint8_t bytes[kOfferBytes];
  store_offer(bytes, offer);
  const Offer read = load_offer(bytes);
  EXPECT_EQ(read.timestamp_ns, offer.timestamp_ns);
  EXPECT_EQ(read.first_spi, offer.first_spi);
  EXPECT_EQ(read.lanes, offer.lanes);
  EXPECT_EQ(read.rate_bps, offer.rate_bps);
  EXPECT_EQ(read.slot_ns, offer.slot_ns);
  EXPECT_EQ(read.cell_bytes, offer.cell_bytes);
  EXPECT_EQ(bytes[13] | bytes[14] | bytes[15], 0);
}

TEST(Offer, TheFlagsByteHoldsThreeThings) {
  for (int byte = 0; byte < 256; ++byte) {
    uint8_t bytes[kOfferBytes] = {};
    bytes[13] = static_cast<uint8_t>(byte);
    const Offer read = load_offer(bytes);
    EXPECT_EQ(read.renews, byte % 2 == 1);
    EXPECT_EQ(read.preshared, byte / 2 % 64);
    EXPECT_EQ(read.renew_preshared, byte >= 128);
    uint8_t back[kOfferBytes];
    store_offer(back, read);
    EXPECT_EQ(back[13], byte);
  }
}

TEST(Pad, TheReportComesWhereItFits) {
  uint8_t rest[8];
  for (size_t size = 0; size <= 8; ++size) {
    std::fill(rest, rest + 8, uint8_t{0xee});
    store_pad({rest, size}, 0xabcd);
    for (size_t i = size; i < 8; ++i) EXPECT_EQ(rest[i], 0xee) << "nothing is written beyond";
    if (size > 0) {
      EXPECT_EQ(rest[0], 0) << "pad is a zero nibble";
    }
    const auto report = load_loss_report({rest, size});
    EXPECT_EQ(report.has_value(), size >= kLossReportBytes);
    if (report) {
      EXPECT_EQ(*report, 0xabcd);
    }
  }
}

TEST(Pad, AnotherImplementationsPadIsNoReport) {
  const uint8_t zeros[8] = {};
  EXPECT_EQ(load_loss_report(zeros), std::nullopt);
  const uint8_t other[4] = {0, 0xc8, 1, 2};
  EXPECT_EQ(load_loss_report(other), std::nullopt);
}

}  // namespace
}  // namespace cuttle::wire
