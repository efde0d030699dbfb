package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// text takes any word.
func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		if value == "" {
			return errors.New("is empty")
		}
		*field(c) = value
		return nil
	}
}

// oneOf takes one of a few words.
func oneOf(field func(*Config) *string, words ...string) func(*Config, string) error {
	return func(c *Config, value string) error {
		if !slices.Contains(words, value) {
			return fmt.Errorf("%q is not one of %s", value, strings.Join(words, ", "))
		}
		*field(c) = value
		return nil
	}
}

// address takes host:port or :port.
func address(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		_, port, err := net.SplitHostPort(value)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return fmt.Errorf("%q is not an address; write it like :8080 or 127.0.0.1:8080", value)
		}
		*field(c) = value
		return nil
	}
}

// setAdminListen takes an address or off.
func setAdminListen(c *Config, value string) error {
	if value == "off" {
		c.HTTP.AdminListen = ""
		return nil
	}
	return address(func(c *Config) *string { return &c.HTTP.AdminListen })(c, value)
}

// duration takes Go's form of a span of time, not below zero.
func duration(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is not a span of time; write it like 200ms, 90m or 168h", value)
		}
		if d < 0 {
			return fmt.Errorf("%q is below zero", value)
		}
		*field(c) = d
		return nil
	}
}

// ranges takes addresses and CIDR ranges, separated by commas.
func ranges(field func(*Config) *[]netip.Prefix) func(*Config, string) error {
	return func(c *Config, value string) error {
		var all []netip.Prefix
		for part := range strings.SplitSeq(value, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			prefix, err := parseRange(part)
			if err != nil {
				return err
			}
			all = append(all, prefix)
		}
		*field(c) = all
		return nil
	}
}

func parseRange(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an address range; write it like 10.0.0.0/8 or 127.0.0.1", s)
	}
	if prefix != prefix.Masked() {
		return netip.Prefix{}, fmt.Errorf("%q has bits beyond its length; did you mean %s?", s, prefix.Masked())
	}
	return prefix, nil
}

// baseURL takes an http or https URL that paths are put behind.
func baseURL(field func(*Config) **url.URL) func(*Config, string) error {
	return func(c *Config, value string) error {
		u, err := parseBaseURL(value)
		if err != nil {
			return err
		}
		*field(c) = u
		return nil
	}
}

func parseBaseURL(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is not an http or https URL", value)
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("takes a URL without user, query and fragment")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

// setPublicURL takes the URL of this server: pages know no path in front of theirs.
func setPublicURL(c *Config, value string) error {
	u, err := parseBaseURL(value)
	if err != nil {
		return err
	}
	if u.Path != "" {
		return fmt.Errorf("%q has a path; this server needs a host of its own", value)
	}
	c.HTTP.PublicURL = u
	return nil
}

// setDatabase takes sqlite:PATH or postgres://…, and prints neither in errors.
func setDatabase(c *Config, value string) error {
	path, isSQLite := strings.CutPrefix(value, "sqlite:")
	switch {
	case isSQLite && path == "":
		return errors.New("names no file; write it like sqlite:/var/lib/callbackd/callbackd.db")
	case isSQLite && strings.ContainsAny(path, "?#"):
		return errors.New("takes a plain path after sqlite: (no ? and no #)")
	case isSQLite:
	case strings.HasPrefix(value, "postgres://"), strings.HasPrefix(value, "postgresql://"):
		u, err := url.Parse(value)
		if err != nil || u.Host == "" && u.Query().Get("host") == "" {
			return errors.New("is not a URL of a database; write it like postgres://user:password@host:5432/name")
		}
	default:
		return errors.New("starts with neither sqlite: nor postgres://")
	}
	c.Storage.Database = callbackd.Secret(value)
	return nil
}

// setBlobs takes file:PATH.
func setBlobs(c *Config, value string) error {
	if path, ok := strings.CutPrefix(value, "file:"); !ok || path == "" {
		return fmt.Errorf("%q is not a place for files; write it like file:/var/lib/callbackd/blobs", value)
	}
	c.Storage.Blobs = value
	return nil
}

func setLogLevel(c *Config, value string) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[value]
	if !ok {
		return fmt.Errorf("%q is not one of debug, info, warn, error", value)
	}
	c.Log.Level = level
	return nil
}
