package pushtest

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The example of RFC 8291, section 5 and appendix A.
func TestDecrypt_OpensTheExampleOfRFC8291(t *testing.T) {
	decode := func(s string) []byte {
		b, err := b64.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	private, err := ecdh.P256().NewPrivateKey(decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	auth := decode("BTBZMqHH6r4Tts7J_aSIgg")
	body := decode("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_" +
		"yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	got, err := Decrypt(private, auth, body)
	if err != nil || string(got) != "When I grow up, I want to be a watermelon" {
		t.Errorf("%q, %v", got, err)
	}
	for i := range body { // every byte is under the seal or leads elsewhere
		bad := bytes.Clone(body)
		bad[i] ^= 0x40
		if plain, err := Decrypt(private, auth, bad); err == nil && i != 16 && i != 17 && i != 18 && i != 19 { // 16–19 is the record size
			t.Errorf("byte %d changed, and it opens as %q", i, plain)
		}
		if _, err := Decrypt(private, auth, body[:i]); err == nil {
			t.Errorf("cut at %d, and it opens", i)
		}
	}
}

// client speaks to the fake by itself; h2 with prior knowledge where it is set.
func post(t *testing.T, h2 bool, url string, header map[string]string, body string) (int, string) {
	t.Helper()
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(!h2)
	tr.Protocols.SetUnencryptedHTTP2(h2)
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		if v != "" {
			req.Header.Set(k, v)
		}
	}
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(said)
}

func jwt(t *testing.T, key *ecdsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := b64.EncodeToString(h) + "." + b64.EncodeToString(c)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func TestWebPush_RefusesWhatServicesRefuse(t *testing.T) {
	s := Start(t, Options{})
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	k := b64.EncodeToString(point)
	token := func(aud string, life time.Duration, sub string) string {
		return jwt(t, key, map[string]any{"alg": "ES256"}, map[string]any{"aud": aud, "exp": time.Now().Add(life).Unix(), "sub": sub})
	}
	good := "vapid t=" + token(s.URL, time.Hour, "mailto:a@b.example") + ", k=" + k
	for name, c := range map[string]struct {
		change map[string]string
		size   int
		want   int
	}{
		"as it should be":  {nil, 200, 201},
		"4096 bytes":       {nil, 4096, 201},
		"4097 bytes":       {nil, 4097, 413},
		"no token":         {map[string]string{"Authorization": ""}, 1, 401},
		"a forged token":   {map[string]string{"Authorization": strings.Replace(good, "t=ey", "t=eyJ9", 1)}, 1, 403},
		"another audience": {map[string]string{"Authorization": "vapid t=" + token("https://other.example", time.Hour, "mailto:a@b.example") + ",k=" + k}, 1, 403},
		"an ended token":   {map[string]string{"Authorization": "vapid t=" + token(s.URL, -time.Minute, "mailto:a@b.example") + ",k=" + k}, 1, 403},
		"25 hours":         {map[string]string{"Authorization": "vapid t=" + token(s.URL, 25*time.Hour, "mailto:a@b.example") + ",k=" + k}, 1, 403},
		"mailto twice":     {map[string]string{"Authorization": "vapid t=" + token(s.URL, time.Hour, "mailto:mailto:a@b.example") + ",k=" + k}, 1, 403},
		"no TTL":           {map[string]string{"TTL": ""}, 1, 400},
		"a long topic":     {map[string]string{"Topic": strings.Repeat("a", 33)}, 1, 400},
		"an odd urgency":   {map[string]string{"Urgency": "now"}, 1, 400},
		"another encoding": {map[string]string{"Content-Encoding": "aesgcm"}, 1, 400},
	} {
		d := s.NewBrowser(name, k)
		header := map[string]string{"Authorization": good, "TTL": "60", "Content-Encoding": "aes128gcm", "Topic": "t", "Urgency": "high"}
		for k, v := range c.change {
			header[k] = v
		}
		if got, said := post(t, false, d.Endpoint(), header, strings.Repeat("x", c.size)); got != c.want {
			t.Errorf("%s: %d %s, want %d", name, got, said, c.want)
		}
		if r := d.Requests(); len(r) != 1 || r[0].Problem == "" || r[0].Status != c.want {
			t.Errorf("%s: kept as %+v", name, r)
		}
	}
	d := s.NewBrowser("subscribed with another key", b64.EncodeToString(make([]byte, 65)))
	if got, _ := post(t, false, d.Endpoint(), map[string]string{"Authorization": good, "TTL": "1", "Content-Encoding": "aes128gcm"}, "x"); got != 403 {
		t.Errorf("another application server's key: %d", got)
	}
}

func TestAPNs_RefusesWhatAppleRefuses(t *testing.T) {
	s := Start(t, Options{})
	s.APNsKey()
	token := func(kid, team string, age time.Duration) string {
		return "bearer " + jwt(t, s.providerKey(), map[string]any{"alg": "ES256", "kid": kid},
			map[string]any{"iss": team, "iat": time.Now().Add(-age).Unix()})
	}
	good := token(APNsKeyID, APNsTeam, 0)
	alert := `{"aps":{"alert":"x"}}`
	fill := func(n int) string {
		return `{"aps":{"alert":"` + strings.Repeat("x", n-len(`{"aps":{"alert":""}}`)) + `"}}`
	}
	for name, c := range map[string]struct {
		change map[string]string
		body   string
		want   int
		reason string
	}{
		"as it should be":   {nil, alert, 200, ""},
		"4096 bytes":        {nil, fill(4096), 200, ""},
		"4097 bytes":        {nil, fill(4097), 413, "PayloadTooLarge"},
		"no payload":        {nil, "", 400, "PayloadEmpty"},
		"no token":          {map[string]string{"Authorization": ""}, alert, 403, "MissingProviderToken"},
		"another key":       {map[string]string{"Authorization": token("OTHER", APNsTeam, 0)}, alert, 403, "InvalidProviderToken"},
		"another team":      {map[string]string{"Authorization": token(APNsKeyID, "OTHER", 0)}, alert, 403, "InvalidProviderToken"},
		"forged":            {map[string]string{"Authorization": good[:len(good)-4] + "AAAA"}, alert, 403, "InvalidProviderToken"},
		"old":               {map[string]string{"Authorization": token(APNsKeyID, APNsTeam, 61*time.Minute)}, alert, 403, "ExpiredProviderToken"},
		"another topic":     {map[string]string{"apns-topic": "com.other"}, alert, 400, "DeviceTokenNotForTopic"},
		"no push type":      {map[string]string{"apns-push-type": ""}, alert, 400, "InvalidPushType"},
		"priority 7":        {map[string]string{"apns-priority": "7"}, alert, 400, "BadPriority"},
		"urgent background": {map[string]string{"apns-push-type": "background"}, `{"aps":{"content-available":1}}`, 400, "BadPriority"},
		"no expiration":     {map[string]string{"apns-expiration": "soon"}, alert, 400, "BadExpirationDate"},
		"long collapse id":  {map[string]string{"apns-collapse-id": strings.Repeat("x", 65)}, alert, 400, "BadCollapseId"},
	} {
		d := s.NewIPhone(name)
		header := map[string]string{"Authorization": good, "apns-topic": APNsTopic, "apns-push-type": "alert", "apns-priority": "10", "apns-expiration": "0"}
		for k, v := range c.change {
			header[k] = v
		}
		got, said := post(t, true, s.URL+apnsPath+d.Token, header, c.body)
		if got != c.want || !strings.Contains(said, c.reason) {
			t.Errorf("%s: %d %s, want %d %s", name, got, said, c.want, c.reason)
		}
		if got, _ := post(t, false, s.URL+apnsPath+d.Token, header, c.body); got != http.StatusHTTPVersionNotSupported {
			t.Errorf("%s by HTTP/1.1: %d", name, got)
		}
	}
}

func TestFCM_RefusesWhatGoogleRefuses(t *testing.T) {
	s := Start(t, Options{})
	if got, said := post(t, false, s.URL+fcmTokenPath, map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c"); got != 400 || !strings.Contains(said, "invalid_grant") {
		t.Errorf("a forged assertion: %d %s", got, said)
	}
	s.access["known"] = time.Now().Add(time.Minute)
	s.access["ended"] = time.Now().Add(-time.Minute)
	d := s.NewAndroid("one")
	message := func(token, data, android string) string {
		return `{"message":{"token":"` + token + `","data":{"k":` + data + `},"android":{` + android + `}}}`
	}
	x := func(n int) string { return strconv.Quote(strings.Repeat("x", n)) }
	for name, c := range map[string]struct {
		access, body string
		want         int
		code         string
	}{
		"as it should be":     {"known", message(d.Token, x(1), `"ttl":"60s","priority":"HIGH"`), 200, "projects/"},
		"4096 bytes":          {"known", message(d.Token, x(4095), ""), 200, "projects/"},
		"4097 bytes":          {"known", message(d.Token, x(4096), ""), 400, "too big"},
		"no access":           {"", message(d.Token, x(1), ""), 401, "UNAUTHENTICATED"},
		"ended access":        {"ended", message(d.Token, x(1), ""), 401, "UNAUTHENTICATED"},
		"data of numbers":     {"known", message(d.Token, "1", ""), 400, "INVALID_ARGUMENT"},
		"a ttl of minutes":    {"known", message(d.Token, x(1), `"ttl":"1m"`), 400, "INVALID_ARGUMENT"},
		"an unknown token":    {"known", message("synthetic:APA91b", x(1), ""), 404, "UNREGISTERED"},
		"a token of no form":  {"known", message("nonsense", x(1), ""), 400, "INVALID_ARGUMENT"},
		"nothing that is one": {"known", "{}", 400, "INVALID_ARGUMENT"},
	} {
		got, said := post(t, false, s.URL+fcmPath, map[string]string{"Authorization": "Bearer " + c.access}, c.body)
		if got != c.want || !strings.Contains(said, c.code) {
			t.Errorf("%s: %d %s, want %d %s", name, got, said, c.want, c.code)
		}
	}
}

func TestServer_KeepsAllThatCame(t *testing.T) {
	s := Start(t, Options{})
	if got, _ := post(t, false, s.URL+"/elsewhere", map[string]string{"X-Mark": "in a header"}, "in a body"); got != 404 {
		t.Errorf("status %d", got)
	}
	all := s.Everything()
	for _, want := range []string{"/elsewhere", "in a header", "in a body"} {
		if !bytes.Contains(all, []byte(want)) {
			t.Errorf("%q is lost", want)
		}
	}
}
