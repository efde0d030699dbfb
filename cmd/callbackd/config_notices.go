package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"callbackd/notify/push"
)

// NoticesConfig is how followers are told of messages.
type NoticesConfig struct {
	Ack       time.Duration // for an acknowledgement on the live channel
	VendorAck time.Duration // for one after a vendor took a notice
	WebPush   WebPushConfig
	APNs      APNsConfig
	FCM       FCMConfig
}

// WebPushConfig is how browsers are reached that are not open.
type WebPushConfig struct {
	Subject string     // who runs this server, for push services; empty: the public URL where it is https
	Hosts   push.Hosts // of endpoints, beside the known services
}

// APNsConfig is how Apple's devices are reached. Without KeyFile they are not.
type APNsConfig struct {
	KeyFile, KeyID, Team, Topic string
	URL                         *url.URL
}

// FCMConfig is how Android devices are reached. Without CredentialsFile they are not.
type FCMConfig struct {
	CredentialsFile string
	URL             *url.URL
}

// noticeSettings are the rows of the table that concern notices.
func noticeSettings() []setting {
	return []setting{
		{"webpush-subject", "", "`contact` that push services see, a mail address or an https URL (default the public URL, where it is https)", setSubject},
		{"webpush-hosts", "", "`hosts` that push endpoints may have beside the browsers' own services, host or host:port, plain http allowed, comma-separated", setHosts},
		{"apns-key-file", "", "`file` of the APNs key (.p8); with the next three, notices reach Apple's devices",
			optional(func(c *Config) *string { return &c.Notices.APNs.KeyFile })},
		{"apns-key-id", "", "`id` of the APNs key", optional(func(c *Config) *string { return &c.Notices.APNs.KeyID })},
		{"apns-team", "", "`id` of the team that the APNs key belongs to", optional(func(c *Config) *string { return &c.Notices.APNs.Team })},
		{"apns-topic", "", "bundle `id` of the app", optional(func(c *Config) *string { return &c.Notices.APNs.Topic })},
		{"apns-url", push.DefaultAPNsURL, "`URL` of APNs; plain http speaks HTTP/2 in the clear",
			baseURL(func(c *Config) **url.URL { return &c.Notices.APNs.URL })},
		{"fcm-credentials-file", "", "`file` of the FCM service account (JSON); with it, notices reach Android devices",
			optional(func(c *Config) *string { return &c.Notices.FCM.CredentialsFile })},
		{"fcm-url", push.DefaultFCMURL, "`URL` of FCM", baseURL(func(c *Config) **url.URL { return &c.Notices.FCM.URL })},
		{"notice-ack", "3s", "how `long` a device has to acknowledge a notice on its live connection",
			positive(func(c *Config) *time.Duration { return &c.Notices.Ack })},
		{"notice-vendor-ack", "10s", "how `long` a device has to acknowledge a notice that its vendor took",
			positive(func(c *Config) *time.Duration { return &c.Notices.VendorAck })},
	}
}

// optional takes a word, or none.
func optional(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		*field(c) = strings.TrimSpace(value)
		return nil
	}
}

// positive takes a span of time above zero.
func positive(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, value string) error {
		if err := duration(field)(c, value); err != nil {
			return err
		}
		if *field(c) == 0 {
			return fmt.Errorf("%q is no time at all; write it like 3s or 500ms", value)
		}
		return nil
	}
}

// setSubject takes a mail address, with or without mailto:, or an https URL.
func setSubject(c *Config, value string) error {
	c.Notices.WebPush.Subject = ""
	if value == "" {
		return nil
	}
	subject, err := push.ParseSubject(value)
	if err != nil {
		return fmt.Errorf("%q is neither a mail address nor an https URL; write it like ops@example.com", value)
	}
	c.Notices.WebPush.Subject = subject
	return nil
}

// setHosts takes hosts with or without a port, separated by commas.
func setHosts(c *Config, value string) error {
	hosts, err := push.ParseHosts(strings.Split(value, ","))
	if err != nil {
		return errors.New("takes hosts, separated by commas; write them like push.example.com or 127.0.0.1:8095, without http:// and without a path")
	}
	c.Notices.WebPush.Hosts = hosts
	return nil
}
