package mpweb

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

func TestQRFlow_Stories(t *testing.T) {
	for name, story := range map[string]struct {
		see  []string
		want []QRStep
	}{
		"scanned and confirmed": {
			[]string{"picture a", "waiting", "waiting", "scanned", "scanned", "confirmed", "token"},
			[]QRStep{QRStepPicture, QRStepScanned, QRStepConfirmed},
		},
		"the end alone is enough": {
			[]string{"picture a", "token"},
			[]QRStep{QRStepPicture, QRStepConfirmed},
		},
		"expired, and late polls of the old picture": {
			[]string{"picture a", "expired", "expired", "scanned", "confirmed", "picture b", "scanned", "confirmed", "token"},
			[]QRStep{QRStepPicture, QRStepExpired, QRStepPicture, QRStepScanned, QRStepConfirmed},
		},
		"the page renews the picture itself": {
			[]string{"picture a", "scanned", "picture b", "scanned"},
			[]QRStep{QRStepPicture, QRStepScanned, QRStepPicture, QRStepScanned},
		},
		"the same picture again": {
			[]string{"picture a", "picture a"},
			[]QRStep{QRStepPicture},
		},
		"the phone went back": {
			[]string{"picture a", "scanned", "waiting", "scanned"},
			[]QRStep{QRStepPicture, QRStepScanned, QRStepScanned},
		},
		"polls before a picture": {
			[]string{"scanned", "confirmed", "expired", "picture a"},
			[]QRStep{QRStepPicture},
		},
		"nothing after the end": {
			[]string{"picture a", "token", "picture b", "expired"},
			[]QRStep{QRStepPicture, QRStepConfirmed},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var f qrFlow
			var got []QRStep
			for _, what := range story.see {
				switch what {
				case "picture a", "picture b":
					if f.sawPicture([]byte(what)) {
						got = append(got, QRStepPicture)
					}
				case "token":
					got = append(got, f.sawToken()...)
				default:
					if step := f.sawPoll(QRStatus(what)); step != "" {
						got = append(got, step)
					}
				}
			}
			if !reflect.DeepEqual(got, story.want) {
				t.Errorf("got %v, want %v", got, story.want)
			}
		})
	}
}

var testBase = &url.URL{Scheme: "https", Host: "mp.weixin.qq.com"}

func TestQRRequestOf_EveryGeneration(t *testing.T) {
	for address, want := range map[string]qrRequest{
		"https://mp.weixin.qq.com/cgi-bin/scanloginqrcode?action=getqrcode&random=1":           qrPicture,
		"https://mp.weixin.qq.com/cgi-bin/loginqrcode?action=getqrcode&param=4300&rd=1":        qrPicture,
		"https://mp.weixin.qq.com/cgi-bin/scanloginqrcode?action=ask&token=&lang=zh_CN&f=json": qrPoll,
		"https://mp.weixin.qq.com/cgi-bin/loginqrcode?action=ask&token=":                       qrPoll,
		"https://mp.weixin.qq.com/cgi-bin/loginauth?action=ask&token=":                         qrPoll,
		"https://mp.weixin.qq.com/cgi-bin/bizlogin?action=ask":                                 qrOther,
		"https://evil.example.com/cgi-bin/scanloginqrcode?action=getqrcode":                    qrOther,
		"http://mp.weixin.qq.com/cgi-bin/scanloginqrcode?action=getqrcode":                     qrOther,
		"https://mp.weixin.qq.com/cgi-bin/scanloginqrcode":                                     qrOther,
		"::": qrOther,
	} {
		if got := qrRequestOf(testBase, address); got != want {
			t.Errorf("%s: got %d, want %d", address, got, want)
		}
	}
}

func TestTokenOf(t *testing.T) {
	for address, want := range map[string]string{
		"https://mp.weixin.qq.com/cgi-bin/home?t=home/index&lang=zh_CN&token=1000000001":         "1000000001",
		"https://mp.weixin.qq.com/cgi-bin/bizlogin?action=validate&token=":                       "",
		"https://mp.weixin.qq.com/cgi-bin/readtemplate?t=user/validate_phone_tmpl&token=1000001": "",
		"https://evil.example.com/?token=1000000001":                                             "",
		"https://mp.weixin.qq.com/?token=abc":                                                    "",
		"about:blank":                                                                            "",
	} {
		if got := tokenOf(testBase, address); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func TestPageWatch_PicksWhatMatters(t *testing.T) {
	w := newPageWatch(testBase)
	response := func(id, path string, status int64) {
		w.event(&network.EventResponseReceived{RequestID: network.RequestID(id), Response: &network.Response{URL: testBase.String() + path, Status: status}})
	}
	navigate := func(path string, parent cdp.FrameID) {
		w.event(&page.EventFrameNavigated{Frame: &cdp.Frame{URL: testBase.String() + path, ParentID: parent}})
	}
	response("1", "/cgi-bin/scanloginqrcode?action=getqrcode", 200)
	response("2", "/cgi-bin/other", 200)
	response("3", "/cgi-bin/scanloginqrcode?action=ask", 200)
	response("4", "/cgi-bin/scanloginqrcode?action=ask", 500)
	response("5", "/cgi-bin/scanloginqrcode?action=ask", 200)
	w.event(&network.EventLoadingFailed{RequestID: "5"})
	for _, id := range []string{"3", "2", "4", "5", "1", "1"} {
		w.event(&network.EventLoadingFinished{RequestID: network.RequestID(id)})
	}
	navigate("/cgi-bin/home?token=1000000001", "parent")
	navigate("/", "")
	navigate("/cgi-bin/home?token=1000000001", "")
	w.event(&page.EventNavigatedWithinDocument{URL: testBase.String() + "/cgi-bin/home?token=2"})
	want := []pageEvent{{kind: qrPoll, request: "3"}, {kind: qrPicture, request: "1"}, {token: "1000000001"}, {token: "2"}}
	select {
	case <-w.ring:
	default:
		t.Error("the watch did not ring")
	}
	if got := w.take(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := w.take(); len(got) != 0 {
		t.Errorf("taken twice: %+v", got)
	}
}
