package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

// withVendors sets a shell up to reach a fake of all three vendors.
func withVendors(s *shell) *pushtest.Server {
	s.Helper()
	fake := pushtest.Start(s, pushtest.Options{})
	keys := s.TempDir()
	apns, fcm := filepath.Join(keys, "key.p8"), filepath.Join(keys, "account.json")
	s.must(os.WriteFile(apns, fake.APNsKey(), 0o600))
	s.must(os.WriteFile(fcm, fake.FCMCredentials(), 0o600))
	for name, value := range map[string]string{
		"WEBPUSH_HOSTS": fake.Host(), "WEBPUSH_SUBJECT": "ops@wall.example", "APNS_KEY_FILE": apns, "APNS_KEY_ID": pushtest.APNsKeyID,
		"APNS_TEAM": pushtest.APNsTeam, "APNS_TOPIC": pushtest.APNsTopic, "APNS_URL": fake.URL, "FCM_CREDENTIALS_FILE": fcm, "FCM_URL": fake.URL,
	} {
		s.env["CALLBACKD_"+name] = value
	}
	return fake
}

func (s *shell) vendors() *vendors {
	s.Helper()
	v, err := newVendors(s.Context(), s.installation())
	s.must(err)
	s.Cleanup(v.close)
	return v
}

func TestVendors_AreThoseOfTheSettings(t *testing.T) {
	s := newShell(t)
	if v := s.vendors(); len(v.Senders) != 1 || v.Senders[callbackd.ProviderWebPush] == nil {
		t.Errorf("without settings: %v", v.Senders)
	}
	fake := withVendors(s)
	v := s.vendors()
	browser := fake.NewBrowser("b", v.webPush.PublicKey())
	for provider, target := range map[callbackd.Provider]string{callbackd.ProviderWebPush: string(browser.Subscription()),
		callbackd.ProviderAPNs: fake.NewIPhone("i").Token, callbackd.ProviderFCM: fake.NewAndroid("a").Token} {
		r := v.Send(t.Context(), callbackd.Device{Provider: provider, Target: callbackd.Secret(target)},
			notify.Alert{Notice: "n", Account: "spring", Reason: callbackd.ReasonMention}, callbackd.LevelHint, time.Minute)
		if r.Outcome != push.Accepted {
			t.Errorf("%s: %+v", provider, r)
		}
	}
	others := fake.NewBrowser("o", "")
	r := v.Send(t.Context(), callbackd.Device{Provider: callbackd.ProviderWebPush, Target: callbackd.Secret(others.SubscriptionAt("http://127.0.0.1:1/x"))},
		notify.Alert{Notice: "n", Account: "spring", Reason: callbackd.ReasonMention}, callbackd.LevelHint, time.Minute)
	if r.Outcome != push.Refused || r.Reason != push.ReasonTarget {
		t.Errorf("a host that was not named: %+v", r)
	}
}

// Subscriptions are made for the key, so it is that of the first start for good.
func TestVendors_TheWebPushKeyStays(t *testing.T) {
	s := newShell(t)
	first := s.vendors().webPush.PublicKey()
	if again := s.vendors().webPush.PublicKey(); len(first) != 87 || again != first {
		t.Errorf("%q, then %q", first, again)
	}
	if other := newShell(t).vendors().webPush.PublicKey(); other == first {
		t.Error("two installations have one key")
	}
}

func TestVendors_WhoPushServicesAreToldOf(t *testing.T) {
	for _, c := range []struct{ subject, public, want string }{
		{"", "https://wall.example", "https://wall.example"},
		{"", "http://wall.example", ""},
		{"ops@wall.example", "https://wall.example", "mailto:ops@wall.example"},
		{"https://operator.example/contact", "http://localhost:8080", "https://operator.example/contact"},
	} {
		args := []string{"--public-url", c.public, "--outbound-allow", "10.0.0.0/8", "--webpush-hosts", "push.example"}
		if c.subject != "" {
			args = append(args, "--webpush-subject", c.subject)
		}
		cfg, err := load(t, args, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		got := cfg.webPush(nil)
		if got.Subject != c.want {
			t.Errorf("%+v: %q", c, got.Subject)
		}
		hosts, err := push.ParseHosts([]string{"push.example"})
		if err != nil || !slices.Equal(got.Allow, cfg.Outbound.Allow) || len(got.Allow) != 1 || !reflect.DeepEqual(got.Hosts, hosts) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestServe_RefusesVendorSettingsThatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *shell, set func(name, value string))
		words  []string
	}{
		"one of four": {func(_ *shell, set func(string, string)) { set("APNS_KEY_FILE", ""); set("APNS_TEAM", "") },
			[]string{"--apns-key-id, --apns-topic without --apns-key-file, --apns-team:", "all four"}},
		"no APNs file": {func(_ *shell, set func(string, string)) { set("APNS_KEY_FILE", "nowhere.p8") }, []string{"--apns-key-file", "nowhere.p8", "may read"}},
		"a folder":     {func(s *shell, set func(string, string)) { set("APNS_KEY_FILE", s.TempDir()) }, []string{"--apns-key-file", "no file"}},
		"another file": {func(s *shell, set func(string, string)) {
			set("APNS_KEY_FILE", s.env["CALLBACKD_FCM_CREDENTIALS_FILE"])
		},
			[]string{"APNs", "no PEM file", ".p8"}},
		"key id with a break": {func(_ *shell, set func(string, string)) { set("APNS_KEY_ID", "a b") }, []string{"key id", "--apns-key-id"}},
		"no FCM file":         {func(_ *shell, set func(string, string)) { set("FCM_CREDENTIALS_FILE", "nowhere.json") }, []string{"--fcm-credentials-file", "nowhere.json"}},
		"no account": {func(s *shell, set func(string, string)) {
			set("FCM_CREDENTIALS_FILE", s.env["CALLBACKD_APNS_KEY_FILE"])
		},
			[]string{"--fcm-credentials-file", "are no JSON", "service account"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			withVendors(s)
			c.change(s, func(name, value string) { s.env["CALLBACKD_"+name] = value })
			r := s.call("", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "off", "--log-level", "error")
			if r.code != exitUsage || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("%+v", r)
			}
			for _, word := range c.words {
				if !strings.Contains(r.stderr, word) {
					t.Errorf("%q lacks %q", r.stderr, word)
				}
			}
			if strings.Contains(r.stderr, "PRIVATE") || strings.Contains(r.stderr, "private_key") {
				t.Errorf("a key is told: %s", r.stderr)
			}
		})
	}
}

func TestServe_WithVendorsStartsAndEnds(t *testing.T) {
	s := newShell(t)
	withVendors(s)
	s.serve().end()
}

func TestDoctor_SaysWhatReachesFollowers(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	withVendors(s)
	line := func() string {
		t.Helper()
		for line := range strings.Lines(s.call("", "doctor", "spring").stdout) {
			if strings.Contains(line, "spring/notices") {
				return line
			}
		}
		t.Fatal("doctor says nothing of notices")
		return ""
	}
	if got := line(); !strings.HasPrefix(got, "✓") || !strings.Contains(got, "by Web Push, APNs, FCM, WeChat within 48 h") {
		t.Error(got)
	}
	s.env["CALLBACKD_APNS_TEAM"] = ""
	if got := line(); !strings.HasPrefix(got, "✗") || !strings.Contains(got, "without --apns-team") || strings.Count(got, " → ") != 1 {
		t.Error(got)
	}
	for name := range s.env {
		if strings.HasPrefix(name, "CALLBACKD_APNS") || strings.HasPrefix(name, "CALLBACKD_FCM") {
			delete(s.env, name)
		}
	}
	if got := line(); !strings.HasPrefix(got, "✓") || !strings.Contains(got, "not by APNs, FCM") {
		t.Error(got)
	}
}
