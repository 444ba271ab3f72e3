#include "imagehub/announcement.hpp"

#include <arpa/inet.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <optional>

#include "common/address.hpp"
#include "common/avahi_session.hpp"
#include "common/log.hpp"
#include "common/text.hpp"

namespace imagehub {
namespace {

using common::cat;

constexpr const char* kServiceType = "_imagehub._tcp";
/// What DNS allows for a name.
constexpr std::size_t kLongestName = 63;
/// Hubs on one network that would have the same name; then something else is wrong.
constexpr int kMostNames = 100;

struct FreeGroup {
  void operator()(AvahiEntryGroup* group) const { avahi_entry_group_free(group); }
};
struct FreeTexts {
  void operator()(AvahiStringList* texts) const { avahi_string_list_free(texts); }
};
struct FreeInterfaces {
  void operator()(ifaddrs* interfaces) const { freeifaddrs(interfaces); }
};

/// A bound address that others can reach.
struct Endpoint {
  in_addr host{};  ///< 0.0.0.0: all interfaces
  std::uint16_t port = 0;
};

std::optional<Endpoint> endpoint(const std::string& address) {
  const auto tcp = common::tcp_address(address);
  Endpoint found;
  if (!tcp || inet_pton(AF_INET, tcp->host.c_str(), &found.host) != 1) return std::nullopt;
  const bool is_loopback = ntohl(found.host.s_addr) >> 24 == IN_LOOPBACKNET;
  if (is_loopback || tcp->port == 0) return std::nullopt;
  found.port = static_cast<std::uint16_t>(tcp->port);
  return found;
}

/// The interface that has the address, now; all of them when none has it.
AvahiIfIndex interface_of(in_addr host) {
  if (host.s_addr == INADDR_ANY) return AVAHI_IF_UNSPEC;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return AVAHI_IF_UNSPEC;
  const std::unique_ptr<ifaddrs, FreeInterfaces> owner(list);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if (reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr != host.s_addr) continue;
    const unsigned index = if_nametoindex(at->ifa_name);
    return index == 0 ? AVAHI_IF_UNSPEC : static_cast<AvahiIfIndex>(index);
  }
  return AVAHI_IF_UNSPEC;
}

/// "imagehub barn" becomes "imagehub barn #2", then "#3".
std::string next_name(const std::string& name) {
  char* other = avahi_alternative_service_name(name.c_str());
  std::string found = other == nullptr ? name : other;
  avahi_free(other);
  return found;
}

}  // namespace

struct Announcement::Impl {
  Impl(const Announced& given, const std::vector<std::string>& addresses)
      : announced(given),
        session({[this](AvahiClient* client) { announce(client); }, [this] { group.reset(); },
                 [](const std::string& why) {
                   common::log::info(cat("this hub is not announced: ", why,
                                         "; nodes with hub_address: auto find it when the package avahi-daemon is "
                                         "installed and running. announce: False says that none is wanted"));
                 }}) {
    for (const auto& address : addresses) {
      if (const auto found = endpoint(address)) endpoints.push_back(*found);
    }
  }

  void announce(AvahiClient* client);
  void enter();
  int enter(const Endpoint& at, std::string& name);
  void changed(AvahiEntryGroup* of, AvahiEntryGroupState state);
  void failed(const std::string& why) const;

  const Announced announced;
  std::vector<Endpoint> endpoints;

  // The session's thread only.
  std::unique_ptr<AvahiEntryGroup, FreeGroup> group;
  std::string name;  ///< that was given last
  int names_tried = 0;

  common::AvahiSession session;
};

void Announcement::Impl::announce(AvahiClient* client) {
  name = cat("imagehub ", avahi_client_get_host_name(client)).substr(0, kLongestName);
  names_tried = 0;
  const auto callback = [](AvahiEntryGroup* of, AvahiEntryGroupState state, void* self) {
    static_cast<Impl*>(self)->changed(of, state);
  };
  group.reset(avahi_entry_group_new(client, callback, this));
  if (!group) return failed(avahi_strerror(avahi_client_errno(client)));
  enter();
}

void Announcement::Impl::enter() {
  std::string next = name;
  int error = 0;
  for (const Endpoint& at : endpoints) {
    error = enter(at, next);
    if (error != 0) break;
    name = next;
    next = next_name(name);
  }
  if (error == 0) error = avahi_entry_group_commit(group.get());
  if (error != 0) failed(avahi_strerror(error));
}

/// `name` becomes another one while another hub on this computer has it.
int Announcement::Impl::enter(const Endpoint& at, std::string& service) {
  const std::unique_ptr<AvahiStringList, FreeTexts> texts(
      avahi_string_list_new(cat("network=", announced.network).c_str(), cat("hub=", announced.hub_id).c_str(),
                            cat("version=", announced.version).c_str(), nullptr));
  for (;;) {
    const int error =
        avahi_entry_group_add_service_strlst(group.get(), interface_of(at.host), AVAHI_PROTO_INET, AvahiPublishFlags{},
                                             service.c_str(), kServiceType, nullptr, nullptr, at.port, texts.get());
    if (error != AVAHI_ERR_COLLISION || ++names_tried > kMostNames) return error;
    service = next_name(service);
  }
}

void Announcement::Impl::changed(AvahiEntryGroup* of, AvahiEntryGroupState state) {
  switch (state) {
    case AVAHI_ENTRY_GROUP_ESTABLISHED:
      common::log::info(cat("announced as \"", common::escaped(name), '"',
                            announced.network.empty() ? "" : cat(" in the network ", announced.network)));
      break;
    case AVAHI_ENTRY_GROUP_COLLISION:
      // Another computer of the network has the name.
      if (++names_tried > kMostNames) return failed("all names are taken");
      name = next_name(name);
      avahi_entry_group_reset(of);
      enter();
      break;
    case AVAHI_ENTRY_GROUP_FAILURE:
      failed(avahi_strerror(avahi_client_errno(avahi_entry_group_get_client(of))));
      break;
    case AVAHI_ENTRY_GROUP_UNCOMMITED:
    case AVAHI_ENTRY_GROUP_REGISTERING:
      break;
  }
}

void Announcement::Impl::failed(const std::string& why) const {
  common::log::warn(cat("this hub cannot be announced: ", why, "; nodes need its address in hub_address"));
}

Announcement::Announcement(const Announced& announced, const std::vector<std::string>& addresses)
    : impl_(std::make_unique<Impl>(announced, addresses)) {}

Announcement::~Announcement() = default;

void Announcement::start(common::Liveness& liveness) {
  if (!impl_->endpoints.empty()) impl_->session.start(liveness, "announce");
}

}  // namespace imagehub
