package safedial

import (
	"errors"
	"net"
	"net/netip"
	"testing"

	"callbackd"
)

func TestGuard_RefusesEveryAddressThatIsNotPublic(t *testing.T) {
	client, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := client.Transport.(*guard)
	for address, public := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "1.1.1.1": true, "100.63.255.255": true, "100.128.0.0": true,
		"172.15.255.255": true, "172.32.0.0": true, "198.17.255.255": true, "198.20.0.0": true, "223.255.255.255": true,
		"2606:4700::1111": true, "2400:cb00::1": true, "2a00:1450::1": true,
		"64:ff9b::808:808": true, // NAT64 of 8.8.8.8

		"0.0.0.0": false, "0.1.2.3": false,
		"127.0.0.1": false, "127.255.255.254": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.0.1": false,
		"100.64.0.1": false, "100.127.255.255": false, "100.100.100.200": false,
		"169.254.0.1": false, "169.254.169.254": false, "168.63.129.16": false,
		"192.0.0.1": false, "192.0.0.192": false, "192.88.99.1": false,
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"198.18.0.1": false, "198.19.255.255": false,
		"224.0.0.1": false, "239.255.255.255": false,
		"240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false,
		"fe80::1": false, "fe80::1%lo": false, "febf::1": false, "fec0::1": false,
		"fc00::1": false, "fd00::1": false, "fd00:ec2::254": false,
		"ff02::1": false, "ff0e::1": false,
		"100::1": false, "::7f00:1": false, // discard; IPv4-compatible 127.0.0.1
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false,
		"2002:7f00:1::": false, "2002:808:808::1": false, // 6to4
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b::a00:1": false, "64:ff9b:1::808:808": false,
		"2001::1": false, "2001:2::1": false, "2001:10::1": false, "2001:20::1": false, // Teredo, benchmarking, ORCHID
		"2001:db8::1": false, "3fff::1": false, "4000::1": false,
		"2606:4700::1111%eth0": false,
	} {
		for _, port := range []string{"80", "443"} {
			err := g.control("tcp6", net.JoinHostPort(address, port), nil)
			if public && err != nil {
				t.Errorf("%s port %s: %v, want reached", address, port, err)
			}
			if !public && !errors.Is(err, callbackd.ErrForbidden) {
				t.Errorf("%s port %s: %v, want refused", address, port, err)
			}
		}
	}
}

func TestGuard_ReachesWebPortsOnly(t *testing.T) {
	g := &guard{}
	for port, open := range map[string]bool{"80": true, "443": true, "22": false, "25": false, "6379": false, "8080": false, "0": false} {
		err := g.control("tcp4", "93.184.216.34:"+port, nil)
		if open != (err == nil) {
			t.Errorf("port %s: %v, want open %v", port, err, open)
		}
	}
	for _, network := range []string{"udp4", "unix", "tcp"} {
		if err := g.control(network, "93.184.216.34:80", nil); !errors.Is(err, callbackd.ErrForbidden) {
			t.Errorf("network %s: %v, want refused", network, err)
		}
	}
	if err := g.control("tcp4", "no address", nil); !errors.Is(err, callbackd.ErrForbidden) {
		t.Errorf("an address that cannot be read: %v", err)
	}
}

func TestGuard_AllowOpensARangeOnAnyPort(t *testing.T) {
	client, err := New(Options{Allow: []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64"), netip.MustParsePrefix("::ffff:192.168.7.0/120"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	g := client.Transport.(*guard)
	for address, open := range map[string]bool{
		"10.1.2.3:9000": true, "[::ffff:10.1.2.3]:80": true, "[fd00::5]:22": true, "192.168.7.9:8080": true,
		"10.2.0.1:80": false, "[fd00:0:0:1::1]:80": false, "192.168.8.1:80": false, "[fd00::5%eth0]:80": false,
	} {
		if err := g.control("tcp6", address, nil); open != (err == nil) {
			t.Errorf("%s: %v, want open %v", address, err, open)
		}
	}
}
