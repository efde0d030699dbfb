package safedial

import "net/netip"

type addressClass struct {
	prefix netip.Prefix
	why    string
}

func class(prefix, why string) addressClass { return addressClass{netip.MustParsePrefix(prefix), why} }

// reserved4 is IANA's registry of special IPv4 addresses, as far as it is not
// globally reachable, and one address that a cloud answers itself.
var reserved4 = []addressClass{
	class("0.0.0.0/8", "an unspecified address"),
	class("10.0.0.0/8", "a private address"),
	class("100.64.0.0/10", "a carrier's shared address"),
	class("127.0.0.0/8", "a loopback address"),
	class("168.63.129.16/32", "a cloud's own address"), // Azure: metadata and guest agent
	class("169.254.0.0/16", "a link-local address"),    // cloud metadata lives here
	class("172.16.0.0/12", "a private address"),
	class("192.0.0.0/24", "a protocol address"),
	class("192.0.2.0/24", "a documentation address"),
	class("192.88.99.0/24", "a 6to4 relay"),
	class("192.168.0.0/16", "a private address"),
	class("198.18.0.0/15", "a benchmarking address"),
	class("198.51.100.0/24", "a documentation address"),
	class("203.0.113.0/24", "a documentation address"),
	class("224.0.0.0/4", "a multicast address"),
	class("240.0.0.0/4", "a reserved address"), // with 255.255.255.255
}

// nat64 carries an IPv4 address in its last four bytes (RFC 6052). Networks
// that speak IPv6 alone need it to reach anything, so it is as good as what it
// carries.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// global6 is all that IANA gives out as global unicast; everything outside it
// (loopback, unspecified, unique and link local, multicast, discard, local-use
// NAT64, IPv4-compatible) is refused in one go.
var global6 = netip.MustParsePrefix("2000::/3")

// reserved6 are the holes in global6.
var reserved6 = []addressClass{
	class("2001::/23", "a protocol address"), // Teredo, benchmarking, ORCHID
	class("2001:db8::/32", "a documentation address"),
	class("2002::/16", "a 6to4 address"),
	class("3fff::/20", "a documentation address"),
}

// privateBecause says why an address is none of the public internet's; empty:
// it is.
func privateBecause(ip netip.Addr) string {
	ip = ip.Unmap()
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	list := reserved4
	if !ip.Is4() {
		if !global6.Contains(ip) { // nor does a range contain an address with a zone
			return "an address outside the public range"
		}
		list = reserved6
	}
	for _, c := range list {
		if c.prefix.Contains(ip) {
			return c.why
		}
	}
	return ""
}

// unmapPrefix turns ::ffff:10.0.0.0/104 into 10.0.0.0/8, as addresses are
// unmapped before they are compared.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96).Masked()
	}
	return p.Masked()
}
