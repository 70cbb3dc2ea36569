// The double of a lane's socket: two of them, joined, hand trains to each other in memory.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "io/cell_socket.hh"
#include "io/file_descriptor.hh"

namespace cuttle {

class UdpDouble final : public CellSocket {
 public:
  // What one sends, the other receives. Both in one thread; neither may outlive the other's use.
  static std::pair<std::unique_ptr<UdpDouble>, std::unique_ptr<UdpDouble>> create_pair();

  // A train that arrives although nobody sent it.
  void put(Bytes bytes, size_t segment_bytes);
  // From now on the kernel takes so many datagrams more, then fails with this error number.
  void refuse_after(size_t datagrams, int error_number);

  size_t send_train(const uint8_t* cells, size_t count, size_t cell_bytes) override;
  int last_send_error() const override { return send_error_; }
  std::optional<ReceivedTrain> receive(MutableBytes buffer) override;
  int fd() const override { return ready_.get(); }

 private:
  struct Waiting {
    std::vector<uint8_t> bytes;
    size_t segment_bytes;
  };
  UdpDouble();

  FileDescriptor ready_;  // an eventfd counting the trains that wait
  UdpDouble* peer_ = nullptr;
  std::deque<Waiting> waiting_;
  size_t still_taken_ = SIZE_MAX;
  int refusal_ = 0;
  int send_error_ = 0;
};

}  // namespace cuttle
