# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # code, not for this shell
# The mutants: what is planted, the file, the text that stands there once, what takes its place, and the tests of
# `./run test` that are asked (each by its name for ctest).
each_mutant() {
  local each=$1
  "$each" "a repeated cell is taken twice" src/link/replay_window.hh \
    'ReplayVerdict::duplicate : ReplayVerdict::fresh' 'ReplayVerdict::fresh : ReplayVerdict::fresh' "link"
  "$each" "the replay window is a word too short" src/link/replay_window.hh \
    'kWindow / 64 + 1' 'kWindow / 64' "link"
  "$each" "a datagram that is too long is taken" src/link/receiver.cc \
    'datagram.size() == format_.cell_bytes()' 'datagram.size() >= format_.cell_bytes()' "link"
  "$each" "a short cell is taken from a node of ours" src/link/receiver.cc \
    'sizes_ == CellSizes::any && ' '' "link"
  "$each" "the pad of a cell is taken for data" src/link/reassembler.cc \
    'append_data(block_offset, room - pad)' 'append_data(block_offset, room)' "link"
  "$each" "an old session's cell is delivered" src/link/receiver.cc \
    'if (session.number < current_session_) {' 'if (session.number + 1 < current_session_) {' "link"
  "$each" "a forged cell leaves its bytes behind" src/link/receiver.cc \
    'reassembler_.handle_forged();' '' "link"
  "$each" "a key is used beyond its end" src/link/sender.cc \
    'if (now >= current_->until || numbers_end)' 'if (numbers_end)' "link"
  "$each" "a packet begins that a change of keys tears" src/link/sender.cc \
    'ring_.set_leaving(cells_until(end_of_current()))' 'ring_.set_leaving(cells_until(end_of_current()) + 60)' "link"
  "$each" "before a change of keys no packet begins" src/link/sender.cc \
    'ring_.set_leaving(cells_until(end_of_current()))' 'ring_.set_leaving(0)' "link"
  "$each" "sequence numbers wrap" src/link/sender.cc \
    'UINT32_MAX - plan().cells_per_release()' 'UINT32_MAX' "link"
  "$each" "an answer is sent before its instant" src/link/sender.cc \
    'handshakes_due_[0] > deadline()' 'handshakes_due_[0] > deadline() + milliseconds(10)' "link sim_noninterference"
  "$each" "an answer that missed its slot goes at once" src/link/sender.cc \
    'handshakes_due_[handshakes_waiting_++] = not_gone(due);' 'handshakes_due_[handshakes_waiting_++] = due;' "link"
  "$each" "a handshake waits behind those that are not due" src/link/sender.cc \
    'std::move(handshakes_due_.begin() + 1, handshakes_due_.end(), handshakes_due_.begin());' '' "link"
  "$each" "a release is late when its train has data" src/link/sender.cc \
    'const Schedule::Aftermath aftermath = schedule_.handle_released(now);' \
    'const Schedule::Aftermath aftermath = schedule_.handle_released(now + microseconds(ring_.waiting() > 0 ? 700 : 0));' \
    "link sim_noninterference"
  "$each" "no train where there is nothing to send" src/link/sender.cc \
    'if (!current_) return {train_' 'if (!current_ || ring_.waiting() == 0) return {train_' "link sim_two_nodes sim_noninterference"
  "$each" "late slots are left out, not caught up" src/link/schedule.cc \
    'if (now - deadline_ > kLongestPause)' 'if (now > deadline_ + plan_.period())' "link"
  "$each" "slots are caught up without a distance" src/link/schedule.cc \
    'plan_.period() / plan_.releases_per_slot() / 2' 'Duration{0}' "link"
  "$each" "how long sealing took shows between lanes" src/engine/paced_lanes.cc \
    'lane.seal_lead.at_start()' 'lane.seal_lead.now()' "engine"
  "$each" "a lane gets its place in coming slots as they begin" src/engine/paced_lanes.cc \
    'sender.has_reached(coming->place_at)' 'sender.has_reached(coming->at)' "engine"
  "$each" "a change of rate that came too late is made at once" src/link/sender.cc \
    'change.at = not_gone(change.at);' '' "engine"
  "$each" "a node of a ladder spends more than its budget" src/ladder/step_keeper.cc \
    'if (next != step_ && changes_left() > 0) ++changes_today_;' '' "ladder"
  "$each" "a rise takes the change that is left to give way with" src/ladder/step_keeper.cc \
    'return left == 2 && wanted > step_ ? highest() : step_;' 'return wanted > step_ ? highest() : step_;' "ladder"
  "$each" "yielding takes the breaker's change" src/ladder/step_keeper.cc \
    'changes_left() - 1;  // without the' 'changes_left();  // without the' "ladder"
  "$each" "a cut ends with a restart" src/ladder/step_keeper.cc \
    'if (shape.yields && before->is_cut) cut_day_ = day_;' '' "ladder node"
  "$each" "a node that hears nobody goes above its ceiling" src/ladder/step_keeper.hh \
    'return is_cut() ? 0 : std::min(ceiling_, shape_.top());' 'return is_cut() ? 0 : shape_.top();' "ladder"
  "$each" "a report that is said again takes another step" src/ladder/yielding.cc \
    'std::max(step, 1U) - 1' 'std::max(std::min(step, ceiling_), 1U) - 1' "ladder"
  "$each" "what was lost before a change counts after it" src/engine/ladder_control.cc \
    'if (keeper_.step() != before) changed_at_ = begins;' '' "engine"
  "$each" "what a peer says it lost goes unheard" src/engine/ladder_control.cc \
    'note_lost(link, message.lost_65536ths, true);' '(void)link;' "engine"
  "$each" "a ladder's peer speaks for another" src/engine/ladder_control.cc \
    '!link.is_of_peer(author) || ' '' "engine"
  "$each" "a coordinator passes over ceilings" src/ladder/coordinator.cc \
    'std::min(step, ceiling)};' 'step};' "ladder"
  "$each" "a session ends when somebody comes to the cell that shows it" src/link/association.cc \
    'shown_at ? reaction_to(*shown_at) : Instant{INT64_MIN}' 'Instant{INT64_MIN}' "link engine sim_noninterference"
  "$each" "what is decided depends on when the thread comes to it" src/engine/link_control.cc \
    'handle_ticks(now - kSettle);' 'handle_ticks(now);' "engine"
  "$each" "a tick is decided by what came after it" src/engine/link_control.cc \
    'heard_by(Association::decided_at(until))' 'heard_by(until)' "engine"
  "$each" "an answer before a tick counts for it" src/engine/link_control.cc \
    'handle_ticks(next_arrival());' '' "engine"
  "$each" "a cell that ends a silence ended it before" src/link/heard.hh \
    'if (at < silence.until) return std::min(silence.from, at);' '' "engine"
  "$each" "a key ends when its thread hears of it" src/link/receiver.cc \
    'if (now >= next_end_) retire_ended(now);' '' "link"
  "$each" "a first cell counts however late it comes" src/link/receiver.cc \
    'session.number > current_session_ && now >= session.first_by' 'false' "link"
  "$each" "cells of unknown keys in silence show nothing" src/link/receiver.cc \
    'if (++unknown_ == kUnknownCells) note_set_back(now);' '' "link"
  "$each" "a silence in which the socket dropped cells shows a set back" src/link/receiver.cc \
    'silent_from_ = now;' '' "link"
  "$each" "a stop takes the key that comes after it" src/link/sender.cc \
    'if (coming_stops_) retire(coming_);' 'retire(coming_);' "link"
  "$each" "a restart fills up a ladder's budget" src/ladder/step_keeper.cc \
    'changes_today_ = std::min(before->changes, shape.changes_per_day);' 'changes_today_ = 0;' "ladder"
  "$each" "a late thread changes the rate inside an epoch" src/engine/ladder_control.cc \
    '} else if (missed > keeper_.epoch()) {' '} else if (missed > keeper_.epoch() + 1) {' "engine"
  "$each" "a node that has just started coordinates" src/engine/ladder_control.hh \
    'coming() < listens_until_' 'false' "engine"
  "$each" "a ladder of three rates sticks in the middle" src/ladder/coordinator.cc \
    ' || counted_at_ != now' '' "ladder"
  "$each" "a restored machine fills up a ladder's budget" src/ladder/step_keeper.cc \
    'changes_today_ = shape_.changes_per_day;' '' "ladder"
  "$each" "a node that was away from its ladder speaks at once" src/engine/ladder_control.cc \
    'if (many) listen();' '(void)many;' "engine"
  "$each" "a ladder's messages go to whoever has none" src/engine/link_control.cc \
    ' || offer->calendar != ladder_->fingerprint' '' "engine"
  "$each" "anybody on a host says steps for its node" src/engine/packer_stage.cc \
    'wire::claims_node(first)' 'false' "engine"
  "$each" "a ladder's message goes to the host" src/engine/receiving.cc \
    'if (ends->source == wire::kLadderAddress) return keep_ladder(lane, packet);' '' "engine"
  "$each" "a relay passes on what another node sealed" src/engine/relay_receiving.cc \
    'lane_of(header.source) != &lane' 'false' "engine"
  "$each" "a peer says any number" src/engine/relay_receiving.cc \
    '!lane.relay->numbers.contains(report->author) || ' '' "engine"
  "$each" "who says many numbers has many shares" src/engine/relay_packing.cc \
    'side.grants.handle_relayed(lane_side(**from).source, ' \
    'side.grants.handle_relayed(static_cast<uint32_t>(load_be64(packet.bytes.data() + 48)), ' "engine"
  "$each" "one peer takes all places of a relay" src/relay/packet_pool.hh \
    'has >= free_.size()' 'free_.empty()' "relay"
  "$each" "one peer fills the ring between a relay's threads" src/engine/packet_ring.hh \
    'share.packets >= room || packet' 'room == 0 || packet' "engine"
  "$each" "what went through the ring between a relay's threads counts for ever" src/engine/packet_ring.hh \
    'share.packets = count(from, tail, head);' '' "engine"
  "$each" "a grant counts for whatever it says" src/engine/relay_packing.cc \
    'std::min<size_t>(grant.bytes, most)' '(grant.bytes)' "engine"
  "$each" "a relay's key stays when it has expired" src/engine/relay_packing.cc \
    'if (now_ >= side.key.until) retire();' '' "engine"
  "$each" "a reactor passes on all there is at once" src/engine/relay_packing.cc \
    'constexpr int kInOnePiece = 32;' 'constexpr int kInOnePiece = 512;' "engine"
  "$each" "a relay may drop a little less than a quarter for ever" src/relay/ways.cc \
    ' && one.missing_65536ths <= tolerable()' '' "relay"
  "$each" "a relay passes on to whom was not heard lately" src/engine/relay_packing.cc \
    'if (!takes_part(side)) {' 'if (false) {' "engine"
  "$each" "what waits for one that went silent stays" src/engine/relay_packing.cc \
    'if (!side.forward.empty() && !takes_part(side)) side.forward.clear();' '(void)side;' "engine"
  "$each" "a node that changes its key hears nothing by relays for a while" src/engine/relay_receiving.cc \
    'own_.contains(header.destination)' 'own_.current() == header.destination' "engine"
  "$each" "keys that nobody confirmed push out those in use for relayed packets" src/engine/relay_receiving.cc \
    'session.aead != nullptr && in_use' 'false && in_use' "engine"
  "$each" "what nodes tell each other comes out of a relayed packet" src/engine/receiving.cc \
    '} else if (wire::may_be_node_address(ends->source)) {' '} else if (false) {' "engine"
  "$each" "a relayed packet is taken twice" src/engine/relay_receiving.cc \
    'session->window.accept(sequence);' '' "engine"
  "$each" "a border between sites is crossed twice" src/engine/relay_packing.cc \
    'relay.relay->site == destination.relay->site' 'true' "engine"
  "$each" "who takes no part is sent packets by relays" src/engine/relay_packing.cc \
    'side.number && now_ - side.heard < kSilent' 'side.number.has_value()' "engine"
  "$each" "a relay that drops goes on being used" src/relay/ways.cc \
    'one.left_out_until = now + std::min(how_long, kLeftOutLongest);' '' "relay engine"
  "$each" "a grant lasts for ever" src/relay/ways.hh \
    ' || now >= one.granted_until' '' "relay engine"
  "$each" "a gap in a flow is waited for for ever" src/relay/reorder.cc \
    'if (!is_next && now - entry.since < hold_) continue;' 'if (!is_next) continue;' "relay engine"
  "$each" "one source fills a relay's queue" src/relay/forward_queue.cc \
    'std::ranges::max_element(sources_, {}, &Source::bytes)' 'sources_.end() - 1' "relay"
  "$each" "two lanes take one turn" src/link/turn_sequence.cc \
    'i * layout.members.size() + turn' 'i * layout.members.size()' "link"
  "$each" "the queue forgets the credit it has" src/link/queue_clock.hh \
    'end_ = std::max(end_, now - kDepth)' 'end_ = std::max(end_, now)' "link sim_noninterference"
  "$each" "an initiation is taken without its MAC" src/link/handshake_mac.cc \
    'mac_.verify(wire::mac_covered(cell), wire::mac1_of(cell))' 'true' "link"
  "$each" "a lost cell is not waited for" src/link/reassembler.cc \
    'sequence.value == next_ ? lay_out() : held_.get()' 'lay_out()' "link"
  "$each" "a command that found no room is lost" src/engine/outbox.hh \
    'while (!waiting_.empty() && ring_.push(std::move(waiting_.front()))) {' \
    'while (!waiting_.empty()) { (void)ring_.push(std::move(waiting_.front()));' "engine"
  "$each" "a packet from another peer's address is delivered" src/engine/receiving.cc \
    'if (!any_contains(lane.allowed_sources, ends.source)) {' 'if (false) {' "engine sim_two_nodes"
  "$each" "a packet to another host's address is delivered" src/engine/receiving.cc \
    '!lane.allowed_destinations.empty() && !any_contains' 'false && !any_contains' "engine"
  "$each" "a wrong checksum is taken" src/engine/offload.cc \
    'if (!checked && !is_right(packet, headers, *transport)) return false;' '' "engine"
  "$each" "a restored machine keeps its sessions" src/engine/link_control.cc \
    'association_.handle_restored(shown_at);' '' "engine"
  "$each" "packets go on being begun before a change of keys" src/engine/link_control.cc \
    'if (!first) lane.ring.hold();' '' "engine"
  "$each" "every lane receives with the first one's key" src/engine/link_control.cc \
    'make_receive_key(event, index, backend_' 'make_receive_key(event, 0, backend_' "sim_two_nodes"
  "$each" "the first lane gets every lane's key to send with" src/engine/link_control.cc \
    'change_send_key(i, make_send_key' 'change_send_key(0, make_send_key' "sim_two_nodes"
  "$each" "a node that was set back does not look" src/engine/receiving.cc \
    'if (is_set_back && lane.index == 0) lane.told.push({0, arrived});' '' "engine"
  "$each" "a restored node goes on with keys that somebody wrote down" src/engine/link_control.cc \
    'handle_event(EndSending{"the machine was restored' '(void)(EndSending{"the machine was restored' "engine"
  "$each" "handshakes to a new key are taken for strangers'" src/engine/receiving.cc \
    'lane.handshake_mac = std::move(expect->mac);' '' "engine sim_two_nodes"
  "$each" "a train leaves when it is sealed" src/engine/pacing.hh \
    'clock.poll_until(handle_sealed(lane, slot, clock.now()));' '(void)handle_sealed(lane, slot, clock.now());' "engine"
  "$each" "a train is handed over only at its deadline" src/engine/pacing.cc \
    'if (slot.wake.by_queue) return now;' '' "engine sim_noninterference"
  "$each" "sealing begins earlier for data" src/engine/pacing.cc \
    'lane.seal_lead.handle_sealed(now - slot.began);' \
    'lane.seal_lead.handle_sealed(slot.train.payloads > 0 ? now - slot.began : Duration{});' "engine"
  "$each" "the pacer waits for the instant that was" src/engine/pacing.cc \
    'return deadline;' 'return slot.wake.at + lane.seal_lead.now();' "engine"
  "$each" "a release with data is late for the next" src/engine/pacing.cc \
    'lane.sender.handle_released(now);' \
    'lane.sender.handle_released(now + microseconds(train.payloads > 0 ? 700 : 0));' "sim_noninterference"
  "$each" "a slot is left out under load" src/engine/pacing.cc \
    'if (train.count > 0) {' 'if (train.count > 0 && lane.ring.waiting() < 8) {' "sim_noninterference"
  "$each" "a slot without a packet is left out" src/engine/pacing.cc \
    'if (train.count > 0) {' 'if (train.payloads > 0) {' "sim_noninterference"
  "$each" "of a pause, slots without a packet are not caught up" src/engine/pacing.cc \
    'if (train.count > 0) {' 'if (train.payloads > 0 || (train.count > 0 && now <= lane.sender.deadline())) {' \
    "sim_noninterference"
  "$each" "a train with data is handed to the queue twice as early" src/engine/pacing.cc \
    'lane.queue->hand_over(lane, train, deadline, now)' \
    'lane.queue->hand_over(lane, train, deadline - microseconds(train.payloads > 0 ? 100 : 0), now)' \
    "sim_noninterference"
  "$each" "the queue runs empty under load" src/engine/pacing.cc \
    'by_queue ? lane.queue->lead() :' \
    'by_queue ? lane.queue->lead() - milliseconds(lane.ring.waiting() > 0 ? 3 : 0) :' "sim_noninterference"
  "$each" "handshakes leave in the next slot" src/engine/pacing.cc \
    'lane.sender.handle_handshake(waiting->cell, waiting->stamp)' 'lane.sender.handle_handshake(waiting->cell)' \
    "sim_noninterference"
  "$each" "keys change in the next slot" src/engine/pacing.cc \
    'lane.sender.handle_key(std::move(*key));' \
    'key->from = Instant{INT64_MIN}; lane.sender.handle_key(std::move(*key));' "sim_noninterference"
  "$each" "the rate changes later while there are packets" src/engine/pacing.cc \
    'lane.sender.handle_change(*change);' \
    'lane.sender.handle_change({change->step, change->at + milliseconds(lane.ring.waiting() > 0 ? 20 : 0), change->place_at});' \
    "sim_noninterference"
  "$each" "a train with data carries an earlier instant" src/engine/release_queue.cc \
    'lane.socket.set_release_instant(instant, rules_);' \
    'lane.socket.set_release_instant(instant - microseconds(train.payloads > 0 ? 100 : 0), rules_);' "sim_noninterference"
  "$each" "the last instant stays on what the thread releases" src/engine/release_queue.cc \
    'lane.socket.set_release_instant(std::nullopt);' '' "engine"
  "$each" "a scattered slot takes a wake-up a cell" src/engine/pacing.cc \
    'return SlotWake{.at = now, .by_queue = true, .follows = true};' 'return std::nullopt;' "engine"
  "$each" "what etf drops stays away" src/engine/pacing.cc \
    'if (lane.queue != nullptr) lane.queue->send_dropped_again(lane);' '' "engine"
  "$each" "a clock that was set goes unnoticed" src/io/tai_clock.cc \
    'if (!fits(read_())) look_again();' 'if (!ahead_ns_) look_again();' "io"
  "$each" "a lane that was released keeps its place" src/engine/paced_lanes.cc \
    'due_.back().deadline = due_.back().lane->sender.deadline();' '' "engine"
  "$each" "a lane that left goes on being released" src/engine/paced_lanes.cc \
    'std::erase_if(due_, [&](const Due& due) { return due.lane == &lane; });' '' "sim_two_nodes"
  "$each" "the segment size of a long packet is lost" src/engine/offload.cc \
    'is_cut && header.gso_bytes > 0 ? std::min<size_t>(header.gso_bytes, payload) : payload;' 'payload;' "sim_two_nodes"
  "$each" "two lanes of a group in one place" src/engine/slot_groups.cc \
    'group.epoch + group.step * (free - places.begin())' 'group.epoch' "engine"
  "$each" "the data path allocates" src/engine/receiving.cc \
    'TrainReceived received;' 'TrainReceived received; const std::vector<uint8_t> copy(buffer.begin(), buffer.end());' \
    "sim_two_nodes"
  "$each" "a datagram came in when it was read" src/io/udp.cc \
    'return waited.ns > 0 && waited < kLongestWait ? now - waited : now;' 'return now;' "io_root"
  "$each" "forged answers use up what is read of the peer's" src/link/association_initiate.cc \
    'proven ? proven_answers_read_ : answers_read_' 'false ? proven_answers_read_ : answers_read_' "link"
  "$each" "a forged answer gives a renewed preshared key up" src/link/association_initiate.cc \
    'if (!proven) return;' '' "link"
  "$each" "a recorded answer counts for another question" src/link/answer_mac.cc \
    'first(size_)' 'first(wire::kMacCoveredBytes)' "link"
  "$each" "a recording that is dated ahead takes the peer's place" src/link/association_answer.cc \
    'return proven && gives_way ?' 'return gives_way ?' "link"
  "$each" "what the peer asked is not read where a copy was there first" src/link/association_answer.cc \
    'if (!reading.cookie) {' 'if (true) {' "link"
  "$each" "keys that nobody confirmed wait for something else" src/link/association_initiate.cc \
    'for (const Agreed& agreed : unconfirmed_)' 'for (const Agreed& agreed : std::deque<Agreed>{})' "link"
  "$each" "a recorded initiation with a good cookie is read again" src/link/association_answer.cc \
    'if (reading.cookie && std::ranges::find' 'if (false && std::ranges::find' "link"
  "$each" "cookies outlive the keys" src/link/association.cc \
    'issuer_.forget();' '' "link"
  "$each" "a recorded initiation's cookie counts again" src/link/association_answer.cc \
    'if (proven <= last_proven_) return false;' '' "link"
  "$each" "a fresh cookie does not make an initiation new" src/link/association_answer.cc \
    'const bool newer = proven ||' 'const bool newer =' "link"
  "$each" "an answer that was held back is taken" src/link/association_initiate.cc \
    'arrived - old.made >= kAttemptLife' 'arrived - old.made >= kRejectAfter' "link"
  "$each" "keys that nobody confirmed stay on the lanes" src/link/association.cc \
    'events_.emplace_back(ForgetSession{agreed.session});' '' "link"
  "$each" "a renewed preshared key is named before the disk has it" src/link/preshared_ratchet.cc \
    'coming_ = RenewedKey{agreed.derived, wall_clock_ns};' 'keys_.next = RenewedKey{agreed.derived, wall_clock_ns};' "link"
  "$each" "a proven preshared key goes before the next was used" src/link/preshared_ratchet.cc \
    'keys_.next = coming_;' 'keys_ = {std::nullopt, coming_};' "link"
  "$each" "a renewed preshared key does not go into the handshake" src/link/preshared_ratchet.cc \
    'if (!renewed) return configured;' 'return configured;' "link"
  "$each" "a link says that nothing is due when old keys are" src/link/association_initiate.cc \
    'if (forget_at_) next = std::min(next, *forget_at_);' '' "link"
  "$each" "an interrupted list is taken for whole" src/io/netlink.cc \
    'if (interrupted) continue;' '' "io"
  "$each" "a loop takes one lane of a change a round" src/engine/lane_handover.hh \
    'for (Lane* lane : change_.lanes) {' \
    'if (change_.lanes.size() > 1) { Lane& one = *change_.lanes.back(); change_.lanes.pop_back(); change_.joins ? (void)join(one) : (void)leave(one); return; } for (Lane* lane : change_.lanes) {' "node"
  "$each" "a link keeps what it drew before the machine was restored" src/node/handshake_loop.cc \
    'if (restores != restores_) link->handle_restored();' '' "node"
}
