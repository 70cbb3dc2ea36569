#include "trace/step_table.hh"

namespace cuttle::trace {

namespace {

// The events are marked by src/osd/OpRequest.cc, src/common/TrackedOp.cc and the backends of Ceph.
constexpr EventRule kEvents[] = {
    {"primary.header_read", OsdRole::primary, "header_read", "messenger", "operation arrives",
     "the message's header is read from the socket"},
    {"primary.throttled", OsdRole::primary, "throttled", "messenger", "admitted by the throttles",
     "bytes and messages of clients that the OSD holds at a time are bounded"},
    {"primary.all_read", OsdRole::primary, "all_read", "messenger", "read to its end",
     "data included, checksums right"},
    {"primary.dispatched", OsdRole::primary, "dispatched", "messenger", "dispatched", "handed to the OSD"},
    {"primary.queued", OsdRole::primary, "queued_for_pg", "OSD", "queued for its placement group",
     "in the shard's queue, where mclock or wpq weighs clients against recovery"},
    {"primary.reached_pg", OsdRole::primary, "reached_pg", "PG", "reaches the placement group",
     "a worker holds the group's lock: operations on one group happen one after the other"},
    {"primary.started", OsdRole::primary, "started", "PG", "operation executed",
     "checked against the client's capabilities, then turned into a transaction"},
    {"primary.waiting", OsdRole::primary, "waiting for subops from", "PG",
     "sub-operations sent to the replicas",
     "and the transaction to the primary's own store; then it waits for all of them", Operations::put,
     Presence::sometimes},
    {"primary.commit", OsdRole::primary, "op_commit", "BlueStore", "the primary's own commit",
     "its write-ahead log is on disk", Operations::put},
    {"primary.replica_commit", OsdRole::primary, "sub_op_commit_rec", "PG", "a replica's commit counted",
     "the last one completes the write", Operations::put, Presence::sometimes},
    {"primary.commit_sent", OsdRole::primary, "commit_sent", "PG", "reply handed over",
     "marked when the messenger has it: the client may be reading it by now", Operations::put},
    {"primary.done", OsdRole::primary, "done", "OSD", "operation done",
     "it moves to the history that this was read from"},

    {"replica.header_read", OsdRole::replica, "header_read", "messenger", "sub-operation arrives",
     "over the cluster messenger"},
    {"replica.all_read", OsdRole::replica, "all_read", "messenger", "read to its end", "the same data again"},
    {"replica.dispatched", OsdRole::replica, "dispatched", "messenger", "dispatched", "handed to the OSD"},
    {"replica.queued", OsdRole::replica, "queued_for_pg", "OSD", "queued for its placement group",
     "replicas have the same queues as the primary"},
    {"replica.reached_pg", OsdRole::replica, "reached_pg", "PG", "reaches the placement group",
     "no decision is left to take: the primary made them"},
    {"replica.started", OsdRole::replica, "started", "PG", "transaction queued to the store",
     "the very transaction that the primary encoded"},
    {"replica.commit_sent", OsdRole::replica, "commit_sent", "BlueStore",
     "the replica's commit, sent to the primary", "its write-ahead log is on disk"},
    {"replica.done", OsdRole::replica, "done", "OSD", "sub-operation done",
     "it moves to the replica's history"},

    {"primary.replica_reply", OsdRole::replica_reply, "header_read", "messenger",
     "the replica's commit arrives", "a message of its own, with a queue of its own", Operations::put,
     Presence::sometimes},
    {"primary.replica_reply_pg", OsdRole::replica_reply, "reached_pg", "PG",
     "the replica's commit reaches the placement group", "under the group's lock again", Operations::put,
     Presence::sometimes},
};

}  // namespace

std::span<const EventRule> event_rules() {
  return kEvents;
}

}  // namespace cuttle::trace
