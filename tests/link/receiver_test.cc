// The receiver: every reason to drop a datagram, each counted; sessions that follow one another.
#include "link/receiver.hh"

#include <gtest/gtest.h>

#include "cell_stream.hh"
#include "crypto/aead.hh"
#include "link/lane_keys.hh"

namespace cuttle {
namespace {

using testing::make_packet;
using testing::Packet;
using testing::Payload;

std::unique_ptr<Aead> aead_of(uint64_t session) {
  AeadKey key;
  key.bytes.fill(static_cast<uint8_t>(session));
  return *make_aead(AeadBackend::openssl, key);
}

constexpr Spi spi_of(uint64_t session) {
  return {static_cast<uint32_t>(1000 + session)};
}

class ReceiverTest : public ::testing::Test {
 protected:
  void install(uint64_t session) { receiver.handle_key({aead_of(session), spi_of(session), session}); }

  std::vector<uint8_t> seal(uint64_t session, uint32_t sequence, const Payload& payload) const {
    std::vector<uint8_t> cell(format.cell_bytes());
    wire::store_esp_header(cell.data(), spi_of(session), Sequence{sequence});
    aead_of(session)->seal(sequence, Bytes(cell).first(wire::kEspHeaderBytes), payload,
                           cell.data() + wire::kSealedOffset);
    return cell;
  }
  std::vector<uint8_t> dummy(uint64_t session, uint32_t sequence) const {
    return seal(session, sequence, testing::empty_payload(format));
  }
  std::vector<uint8_t> cell_with(uint64_t session, uint32_t sequence, const Packet& packet) const {
    Payload payload = testing::empty_payload(format);
    std::copy(packet.begin(), packet.end(), payload.begin() + wire::kAggfragHeaderBytes);
    return seal(session, sequence, payload);
  }
  Received receive(const std::vector<uint8_t>& datagram) {
    const Received result = receiver.handle_datagram(now, datagram);
    while (const auto packet = receiver.poll_packet()) packets.emplace_back(packet->begin(), packet->end());
    return result;
  }

  wire::CellFormat format{256};
  LaneReceiver receiver{format, 16, milliseconds(5)};
  const ReceiverCounters& counters = receiver.counters();
  Instant now{1'000'000'000};
  std::vector<Packet> packets;
};

TEST_F(ReceiverTest, EveryOtherSizeIsDroppedFirst) {
  install(1);
  const auto cell = dummy(1, 1);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16}, cell.size() - 1}) {
    EXPECT_EQ(receive({cell.begin(), cell.begin() + static_cast<ptrdiff_t>(size)}), Received::dropped);
  }
  auto longer = cell;
  longer.push_back(0);
  EXPECT_EQ(receive(longer), Received::dropped);
  EXPECT_EQ(counters.wrong_size.value(), 5u);
  EXPECT_EQ(receive(cell), Received::first_of_session);
}

TEST_F(ReceiverTest, HandshakesAreHandedOn) {
  EXPECT_EQ(receive(std::vector<uint8_t>(256, 0)), Received::handshake);
  EXPECT_EQ(counters.handshakes.value(), 1u);
}

// Keys that the peer never had from this node: it had them, and was set back since.
TEST_F(ReceiverTest, AFewCellsOfUnknownKeysInSilenceShowASetBack) {
  install(1);
  const Instant none = receiver.set_back_at();
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  now = now + seconds(1);
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(receiver.set_back_at(), none) << "no session is in use";
  ASSERT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  for (uint32_t i = 0; i < 200; ++i) {
    receive(dummy(2, 1));
    now = now + milliseconds(1);
    if (i % 40 == 0) receive(dummy(1, 2 + i));
  }
  EXPECT_EQ(receiver.set_back_at(), none) << "the session in use is heard";
  now = now + LaneReceiver::kSilence;
  for (uint32_t i = 1; i < LaneReceiver::kUnknownCells; ++i) {
    now = now + milliseconds(1);
    receive(dummy(2, 1));
    EXPECT_EQ(receiver.set_back_at(), none);
  }
  now = now + milliseconds(1);
  const Instant shown = now;
  for (int i = 0; i < 20; ++i) {
    receive(dummy(2, 1));
    now = now + milliseconds(1);
  }
  EXPECT_EQ(receiver.set_back_at(), shown) << "once";
  EXPECT_EQ(counters.set_back.value(), 1u);
  receiver.handle_forget(2);
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 1u);
}

// A host that was too busy to read its socket lost the peer's cells there, and whoever sends others all the
// time must not see that.
TEST_F(ReceiverTest, ASilenceInWhichTheSocketDroppedSomethingShowsNothing) {
  install(1);
  receiver.handle_drops(3);
  ASSERT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  now = now + LaneReceiver::kSilence * 3;
  receiver.handle_drops(700);
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 0u);
  // Dropped while it reads on.
  now = now + LaneReceiver::kSilence + Duration{1};
  receiver.handle_drops(701);
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 0u);
  EXPECT_EQ(receive(dummy(1, 2)), Received::cell);
  // Nothing is dropped, and nothing comes.
  now = now + LaneReceiver::kSilence + Duration{1};
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 1u);
}

// The peer is gone for ever, whatever was dropped at first.
TEST_F(ReceiverTest, WhereTheSocketDropsNothingMoreTheSilenceBeginsAnew) {
  install(1);
  ASSERT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  receiver.handle_drops(1);
  now = now + seconds(1);
  receive(dummy(2, 1));
  now = now + LaneReceiver::kSilence;
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 0u);
  now = now + Duration{1};
  for (uint32_t i = 0; i < LaneReceiver::kUnknownCells; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 1u);
}

TEST_F(ReceiverTest, OneSessionAloneIsForgotten) {
  for (uint8_t session : {1, 2, 3}) install(session);
  receiver.handle_unconfirmed(2);
  EXPECT_EQ(receive(dummy(2, 1)), Received::dropped);
  EXPECT_EQ(counters.unknown_spi.value(), 1u);
  EXPECT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  EXPECT_EQ(receive(dummy(3, 1)), Received::first_of_session);
  EXPECT_NE(receiver.poll_retired(), nullptr);
}

TEST_F(ReceiverTest, ASlowPeerMayBeSilentForFourSlots) {
  receiver.handle_key({aead_of(1), spi_of(1), 1, 0, {milliseconds(300), milliseconds(300)}});
  ASSERT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  now = now + milliseconds(1200);
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 0u);
  now = now + milliseconds(1);
  for (int i = 0; i < 20; ++i) receive(dummy(2, 1));
  EXPECT_EQ(counters.set_back.value(), 1u);
}

TEST_F(ReceiverTest, UnknownSpi) {
  install(1);
  EXPECT_EQ(receive(dummy(2, 1)), Received::dropped);
  EXPECT_EQ(counters.unknown_spi.value(), 1u);
}

TEST_F(ReceiverTest, ReplayedInTheCurrentSessionAndInOthers) {
  install(1);
  install(2);
  EXPECT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  EXPECT_EQ(receive(dummy(1, 1)), Received::dropped);
  EXPECT_EQ(receive(dummy(2, 1)), Received::first_of_session);
  EXPECT_EQ(receive(dummy(1, 2)), Received::dropped) << "the peer has moved on";
  EXPECT_EQ(counters.earlier_session.value(), 1u);
  EXPECT_EQ(receive(dummy(1, 2)), Received::dropped);
  EXPECT_EQ(counters.replayed.value(), 2u);
}

TEST_F(ReceiverTest, TooOld) {
  install(1);
  EXPECT_EQ(receive(dummy(1, 2 * ReplayWindow::kWindow)), Received::first_of_session);
  EXPECT_EQ(receive(dummy(1, ReplayWindow::kWindow)), Received::dropped);
  EXPECT_EQ(receive(dummy(1, 0)), Received::dropped);
  EXPECT_EQ(counters.too_old.value(), 2u);
}

TEST_F(ReceiverTest, EveryByteOfACellIsVouchedFor) {
  install(1);
  install(2);
  EXPECT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  for (const uint64_t session : {uint64_t{1}, uint64_t{2}}) {
    const auto cell = dummy(session, 2);
    for (size_t at = 4; at < cell.size(); ++at) {  // another SPI is another matter
      auto forged = cell;
      forged[at] ^= 0x10;
      EXPECT_EQ(receive(forged), Received::dropped) << at;
    }
  }
  EXPECT_EQ(counters.not_authentic.value() + counters.too_old.value(), 2u * 252);
  EXPECT_EQ(receiver.current_session(), 1u);
  EXPECT_EQ(receive(dummy(1, 2)), Received::cell) << "no forgery used up its number";
}

TEST_F(ReceiverTest, AnIvThatIsNotTheSequenceNumberIsNoMatter) {
  // RFC 4106 leaves the IV to the sender; the tag binds it.
  install(1);
  std::vector<uint8_t> cell(format.cell_bytes());
  wire::store_esp_header(cell.data(), spi_of(1), Sequence{1});
  store_be64(cell.data() + 8, 0xdeadbeef);
  aead_of(1)->seal(0xdeadbeef, Bytes(cell).first(8), testing::empty_payload(format), cell.data() + 16);
  EXPECT_EQ(receive(cell), Received::first_of_session);
}

TEST_F(ReceiverTest, ForgedCellsBetweenFragmentsDisturbNothing) {
  install(1);
  testing::CellStream stream(format);
  for (uint32_t i = 0; i < 40; ++i) stream.add(make_packet(700, i), [] { return 0; });
  for (uint32_t s = 1; s <= stream.payloads().size(); ++s) {
    const auto cell = seal(1, s, stream.payloads()[s - 1]);
    for (int i = 0; i < 3; ++i) {
      auto forged = s % 2 == 0 ? cell : seal(1, s + static_cast<uint32_t>(i), stream.payloads()[s - 1]);
      forged[100] ^= 1;
      EXPECT_EQ(receive(forged), Received::dropped);
    }
    receive(cell);
  }
  ASSERT_EQ(packets.size(), 40u);
  for (uint32_t i = 0; i < 40; ++i) EXPECT_EQ(packets[i], stream.placed()[i].packet);
}

TEST_F(ReceiverTest, SessionsFollowEachOtherAndAreNeverMixed) {
  install(1);
  receive(cell_with(1, 1, make_packet(100, 1)));
  install(2);
  receive(cell_with(1, 2, make_packet(100, 2)));
  EXPECT_EQ(receiver.current_session(), 1u);
  now = now + milliseconds(1);
  EXPECT_EQ(receive(cell_with(2, 1, make_packet(100, 3))), Received::first_of_session);
  EXPECT_EQ(receiver.current_session(), 2u);
  EXPECT_EQ(receiver.current_session_since(), now);
  EXPECT_EQ(receive(cell_with(1, 3, make_packet(100, 4))), Received::dropped);
  EXPECT_EQ(receive(cell_with(2, 2, make_packet(100, 5))), Received::cell);
  std::vector<uint32_t> numbers;
  for (const Packet& packet : packets) numbers.push_back(testing::number_of(packet));
  EXPECT_EQ(numbers, (std::vector<uint32_t>{1, 2, 3, 5}));
}

TEST_F(ReceiverTest, APacketTornByAChangeOfSessionsIsNotContinuedInTheNext) {
  install(1);
  install(2);
  testing::CellStream stream(format);
  stream.add(make_packet(400, 1), [] { return 0; });
  receive(seal(1, 1, stream.payloads()[0]));
  receive(seal(2, 1, stream.payloads()[1]));
  EXPECT_TRUE(packets.empty());
  EXPECT_GE(receiver.reassembly().packets_torn.value(), 1u);
}

TEST_F(ReceiverTest, KeysThatNobodyUsesNeverPushOutTheOneInUse) {
  install(1);
  EXPECT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  for (uint64_t session = 2; session < 30; ++session) install(session);
  EXPECT_EQ(receive(dummy(1, 2)), Received::cell);
  EXPECT_EQ(receive(dummy(29, 1)), Received::first_of_session) << "the newest is there";
  EXPECT_EQ(receive(dummy(28, 1)), Received::dropped);
  EXPECT_EQ(counters.earlier_session.value(), 1u) << "and the one before";
  EXPECT_EQ(receive(dummy(20, 1)), Received::dropped);
  EXPECT_EQ(counters.unknown_spi.value(), 1u);
}

TEST_F(ReceiverTest, AKeyTakesThePlaceOfTheOneItIsInsteadOf) {
  install(1);
  EXPECT_EQ(receive(dummy(1, 1)), Received::first_of_session);
  install(2);
  for (uint64_t session = 3; session < 30; ++session) {
    receiver.handle_key({aead_of(session), spi_of(session), session, session == 3 ? 0 : session - 1});
  }
  EXPECT_EQ(receive(dummy(28, 1)), Received::dropped);
  EXPECT_EQ(counters.unknown_spi.value(), 1u);
  EXPECT_EQ(receive(dummy(2, 1)), Received::first_of_session) << "the oldest is still there";
  receiver.handle_key({aead_of(30), spi_of(30), 30, 2});
  EXPECT_EQ(receive(dummy(2, 2)), Received::cell) << "but never of the one in use";
}

TEST_F(ReceiverTest, ForgottenSessionsAreGoneAndTheirKeysComeBack) {
  install(1);
  install(2);
  receive(dummy(1, 1));
  receive(dummy(2, 1));
  EXPECT_EQ(receiver.poll_retired(), nullptr);
  receiver.handle_forget(2);
  EXPECT_NE(receiver.poll_retired(), nullptr);
  EXPECT_EQ(receiver.poll_retired(), nullptr);
  receive(dummy(1, 2));
  EXPECT_EQ(counters.unknown_spi.value(), 1u);
  EXPECT_EQ(receive(dummy(2, 2)), Received::cell);
}

// Whenever this thread hears of it.
TEST_F(ReceiverTest, SessionsEndForWhatArrivesFromAnInstantOn) {
  install(1);
  install(2);
  receive(dummy(1, 1));
  receive(dummy(2, 1));
  const Instant end = now + milliseconds(7);
  receiver.handle_forget(2, end);
  now = end - nanoseconds(1);
  EXPECT_EQ(receive(dummy(1, 2)), Received::dropped);
  EXPECT_EQ(counters.earlier_session.value(), 1u) << "its key is there";
  now = end;
  EXPECT_EQ(receive(dummy(1, 3)), Received::dropped);
  EXPECT_EQ(counters.unknown_spi.value(), 1u);
  EXPECT_NE(receiver.poll_retired(), nullptr);
  EXPECT_EQ(receive(dummy(2, 2)), Received::cell);
}

TEST_F(ReceiverTest, AFirstCellThatComesTooLateIsNone) {
  install(1);
  receive(dummy(1, 1));
  const Instant by = now + seconds(10);
  receiver.handle_key({.aead = aead_of(2), .spi = spi_of(2), .session = 2, .first_by = by});
  now = by;
  EXPECT_EQ(receive(dummy(2, 1)), Received::dropped);
  EXPECT_EQ(receive(dummy(1, 2)), Received::cell) << "the session in use is none of before";
  now = by - nanoseconds(1);
  EXPECT_EQ(receive(dummy(2, 2)), Received::first_of_session);
  now = by + seconds(1);
  EXPECT_EQ(receive(dummy(2, 3)), Received::cell);
}

// Whether a session begins is decided by the first lane; the others of a link may come up late.
TEST_F(ReceiverTest, OnlyTheFirstLanesKeysWaitForTheirFirstCell) {
  const InstallReceive event{.session = 1, .first_spi = Spi{1024}, .secret = {}, .first_by = now};
  EXPECT_EQ(make_receive_key(event, 0, best_aead_backend(), {}).first_by, now);
  EXPECT_EQ(make_receive_key(event, 1, best_aead_backend(), {}).first_by, Instant::never());
}

TEST_F(ReceiverTest, MeasuresLossAndPassesOnWhatThePeerMeasured) {
  install(1);
  uint32_t sequence = 0;
  for (int i = 0; i < 4000; ++i) {
    now = now + milliseconds(1);
    ++sequence;
    if (i % 10 == 0) continue;
    Payload payload = testing::empty_payload(format);
    wire::store_pad({payload.data() + wire::kAggfragHeaderBytes, format.data_bytes()}, 4321);
    receive(seal(1, sequence, payload));
  }
  EXPECT_NEAR(receiver.loss_65536ths(), 6553, 100);
  EXPECT_EQ(receiver.reported_loss_65536ths(), 4321);
  for (int i = 0; i < 2500; ++i) {
    now = now + milliseconds(1);
    receive(dummy(1, ++sequence));
  }
  EXPECT_EQ(receiver.loss_65536ths(), 0);
}

TEST_F(ReceiverTest, KnowsWhenTheLastAuthenticCellCame) {
  install(1);
  const Instant before = receiver.last_authentic();
  auto forged = dummy(1, 1);
  forged[50] ^= 1;
  receive(forged);
  EXPECT_EQ(receiver.last_authentic(), before);
  receive(dummy(1, 1));
  EXPECT_EQ(receiver.last_authentic(), now);
  now = now + seconds(5);
  receive(dummy(1, 1));
  EXPECT_EQ(receiver.last_authentic(), now - seconds(5)) << "a replay is not a sign of life";
}

}  // namespace
}  // namespace cuttle
