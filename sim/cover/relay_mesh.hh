// A study, not in the agent: how slow the links of a mesh may be when a node may send what its own link to a
// peer has no room for over another node's link, in place of dummies. In theory links of 2r/N carry every
// matrix in which no node sends or receives more than r (Valiant, "A scheme for fast parallel communication",
// 1982; Zhang-Shen and McKeown, "Designing a predictable Internet backbone with Valiant load-balancing",
// 2005). Here at the level of flows: rates in parts of r, no packets, no time but that of a death.
//
// Direct first. What is left over is spread over all nodes that have room on both of their links, in shares
// of that room; nothing goes over more than one relay, so there are no loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.hh"

namespace cuttle::sim {

// What each node sends to each; row by row, in parts of what a node may send or receive, r.
class Matrix {
 public:
  explicit Matrix(size_t nodes) : nodes_(nodes), rates_(nodes * nodes) {}
  size_t nodes() const { return nodes_; }
  double& at(size_t from, size_t to) { return rates_[from * nodes_ + to]; }
  double at(size_t from, size_t to) const { return rates_[from * nodes_ + to]; }
  double sum() const;
  double largest_sum() const;  // of any row or column

 private:
  size_t nodes_;
  std::vector<double> rates_;
};

// No node sends or receives more than r, and at least one sends that much: a weighted sum of up to so many
// permutations. With one it is the hardest for links that carry only their own.
Matrix draw_matrix(Random& random, size_t nodes, size_t permutations);

enum class RelayMutant {
  none,
  direct_only,  // nothing is relayed
  one_relay,    // what is left over goes over the first node that has room, not over all
};

struct Relayed {
  double carried = 0;        // of the whole matrix, 0 to 1
  double fullest_link = 0;   // in parts of its rate
  double relayed_share = 0;  // of what is carried
  // Of what any one pair of nodes sends, the largest share that goes over one other node: what that pair
  // loses while a death is not known yet.
  double largest_share_over_one = 0;
};

// `link_rate`: of each, in parts of r. `dead`: a node that carries nothing; none where there is no such node.
Relayed carry(const Matrix& matrix, double link_rate, RelayMutant mutant = RelayMutant::none,
              size_t dead = SIZE_MAX);

// The same matrix without what a node sends and receives.
Matrix without_node(Matrix matrix, size_t node);

}  // namespace cuttle::sim
