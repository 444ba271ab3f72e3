#pragma once

#include <cstddef>
#include <vector>

#include "imagehub/filing/committer.hpp"
#include "memory_disk.hpp"

/// The hub's storage on a disk that fails, without network and threads. Its making is a start of the hub.
struct HubOnMemoryDisk {
  HubOnMemoryDisk(MemoryDisk& disk, const common::Clock& clock, const imagehub::BatchSettings& batch_settings = {});

  imagehub::Index index;
  imagehub::ImageStore store;
  imagehub::EventLog log;
  imagehub::Reserve reserve;
  imagehub::Nodes nodes;
  common::BatchStore batch_store;
  imagehub::Batches batches;
  imagehub::Committer committer;
};

/// The disk gets what a hub leaves that was started once and stopped: an index without rows. Making that takes longer
/// than a short scenario.
void put_empty_hub(MemoryDisk& disk);

/// The power fails and comes back, and the hub starts once more. Then the contract is verified, with Catch2's checks:
/// all these messages are there, once, whole, in order within boot and class; nothing else is.
void check_contract(MemoryDisk& disk, const common::Clock& clock, const std::vector<common::MessagePtr>& messages);

/// What `imagehub check --level content` says of a hub that is stopped: nothing.
void check_by_program(MemoryDisk& disk, const common::Clock& clock);

/// Messages of two nodes, every third an event; no payload is like another.
std::vector<common::MessagePtr> test_messages(std::size_t count);
