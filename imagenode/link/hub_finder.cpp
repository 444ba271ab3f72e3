#include "imagenode/link/hub_finder.hpp"

#include <avahi-client/lookup.h>
#include <avahi-common/address.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>

#include <array>
#include <map>
#include <mutex>

#include "common/avahi_session.hpp"
#include "common/log.hpp"
#include "common/text.hpp"
#include "imagenode/link/found_hubs.hpp"

namespace imagenode {
namespace {

using common::cat;
using common::escaped;

constexpr const char* kServiceType = "_imagehub._tcp";
/// Announcements that are looked into; those of other networks count too.
constexpr std::size_t kMostResolvers = 256;

/// The value of `key=value` among the announcement's texts; empty when there is none.
std::string text_of(AvahiStringList* texts, const char* key) {
  AvahiStringList* found = avahi_string_list_find(texts, key);
  char* value = nullptr;
  std::size_t size = 0;
  if (found == nullptr || avahi_string_list_get_pair(found, nullptr, &value, &size) != 0) return {};
  std::string text = value == nullptr ? "" : std::string(value, size);
  avahi_free(value);
  return text;
}

std::string tcp_address(const AvahiAddress& address, std::uint16_t port) {
  std::array<char, AVAHI_ADDRESS_STR_MAX> text{};
  avahi_address_snprint(text.data(), text.size(), &address);
  return cat("tcp://", text.data(), ':', port);
}

struct FreeBrowser {
  void operator()(AvahiServiceBrowser* browser) const { avahi_service_browser_free(browser); }
};
struct FreeResolver {
  void operator()(AvahiServiceResolver* resolver) const { avahi_service_resolver_free(resolver); }
};

}  // namespace

struct HubFinder::Impl {
  Impl(const std::string& the_network, std::function<void()> on_change)
      : network(the_network),
        changed(std::move(on_change)),
        hubs(the_network),
        session({[this](AvahiClient* client) { browse(client); }, [this] { away(); },
                 [](const std::string& why) {
                   common::log::warn(cat("cannot look for hubs: ", why,
                                         "; hub_address: auto needs the package avahi-daemon, which must be running"));
                 }}) {}

  void browse(AvahiClient* client);
  void away();
  void appeared(AvahiClient* client, const FoundHubs::Key& key, const char* type, const char* domain);
  void vanished(const FoundHubs::Key& key);
  void resolved(const FoundHubs::Key& key, FoundHub hub);

  static void on_browse(AvahiServiceBrowser* browser, AvahiIfIndex interface, AvahiProtocol protocol,
                        AvahiBrowserEvent event, const char* name, const char* type, const char* domain,
                        AvahiLookupResultFlags, void* self);
  static void on_resolve(AvahiServiceResolver*, AvahiIfIndex interface, AvahiProtocol protocol,
                         AvahiResolverEvent event, const char* name, const char*, const char*, const char*,
                         const AvahiAddress* address, std::uint16_t port, AvahiStringList* texts,
                         AvahiLookupResultFlags, void* self);

  const std::string network;
  const std::function<void()> changed;

  mutable std::mutex mutex;
  FoundHubs hubs;

  // The session's thread only; freed in on_away, before the session's client.
  std::unique_ptr<AvahiServiceBrowser, FreeBrowser> browser;
  std::map<FoundHubs::Key, std::unique_ptr<AvahiServiceResolver, FreeResolver>> resolvers;

  common::AvahiSession session;
};

void HubFinder::Impl::browse(AvahiClient* client) {
  browser.reset(avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_INET, kServiceType, nullptr,
                                          AvahiLookupFlags{}, on_browse, this));
  if (!browser) common::log::warn(cat("cannot look for hubs: ", avahi_strerror(avahi_client_errno(client))));
}

void HubFinder::Impl::away() {
  resolvers.clear();
  browser.reset();
  const std::lock_guard lock(mutex);
  hubs.clear();
}

void HubFinder::Impl::on_browse(AvahiServiceBrowser* browser, AvahiIfIndex interface, AvahiProtocol protocol,
                                AvahiBrowserEvent event, const char* name, const char* type, const char* domain,
                                AvahiLookupResultFlags, void* self) {
  auto& finder = *static_cast<Impl*>(self);
  AvahiClient* client = avahi_service_browser_get_client(browser);
  switch (event) {
    case AVAHI_BROWSER_NEW:
      finder.appeared(client, {interface, protocol, name}, type, domain);
      break;
    case AVAHI_BROWSER_REMOVE:
      finder.vanished({interface, protocol, name});
      break;
    case AVAHI_BROWSER_FAILURE:
      common::log::warn(cat("looking for hubs failed: ", avahi_strerror(avahi_client_errno(client))));
      break;
    case AVAHI_BROWSER_ALL_FOR_NOW:
    case AVAHI_BROWSER_CACHE_EXHAUSTED:
      break;
  }
}

void HubFinder::Impl::appeared(AvahiClient* client, const FoundHubs::Key& key, const char* type, const char* domain) {
  if (resolvers.size() >= kMostResolvers) return;
  const auto& [interface, protocol, name] = key;
  // It lives as long as the announcement, and tells when port or address change.
  resolvers[key].reset(avahi_service_resolver_new(client, interface, protocol, name.c_str(), type, domain,
                                                  AVAHI_PROTO_INET, AvahiLookupFlags{}, on_resolve, this));
  if (!resolvers[key]) resolvers.erase(key);
}

void HubFinder::Impl::vanished(const FoundHubs::Key& key) {
  resolvers.erase(key);
  {
    const std::lock_guard lock(mutex);
    if (!hubs.knows(key)) return;
    common::log::info(cat("hub \"", escaped(hubs.at(key).name), "\" is announced no more"));
    hubs.lost(key);
  }
  changed();
}

void HubFinder::Impl::on_resolve(AvahiServiceResolver*, AvahiIfIndex interface, AvahiProtocol protocol,
                                 AvahiResolverEvent event, const char* name, const char*, const char*, const char*,
                                 const AvahiAddress* address, std::uint16_t port, AvahiStringList* texts,
                                 AvahiLookupResultFlags, void* self) {
  // After a failure the resolver goes on: the answer may come late.
  if (event != AVAHI_RESOLVER_FOUND || address == nullptr || port == 0) return;
  static_cast<Impl*>(self)->resolved(
      {interface, protocol, name},
      {name, tcp_address(*address, port), text_of(texts, "network"), text_of(texts, "hub"), text_of(texts, "version")});
}

void HubFinder::Impl::resolved(const FoundHubs::Key& key, FoundHub hub) {
  {
    const std::lock_guard lock(mutex);
    const std::string known = hubs.knows(key) ? hubs.at(key).address : "";
    const std::string found =
        cat("hub \"", escaped(hub.name), "\" (", escaped(hub.version), ") found at ", hub.address);
    const std::string address = hub.address;
    hubs.found(key, std::move(hub));
    if (hubs.knows(key) && known != address) common::log::info(found);
  }
  changed();
}

HubFinder::HubFinder(const std::string& network, std::function<void()> changed)
    : impl_(std::make_unique<Impl>(network, std::move(changed))) {}

HubFinder::~HubFinder() = default;

void HubFinder::start(common::Liveness& liveness) {
  common::log::info(cat("looking for hubs ",
                        impl_->network.empty() ? "that name no network" : cat("of the network ", impl_->network),
                        " by mDNS"));
  impl_->session.start(liveness, "finder");
}

void HubFinder::stop() {
  impl_->session.stop();
}

std::vector<std::string> HubFinder::addresses() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->hubs.addresses();
}

}  // namespace imagenode
