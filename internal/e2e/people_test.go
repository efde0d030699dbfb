//go:build e2e

package e2e_test

import (
	"encoding/json"
	"testing"

	"callbackd"
	"callbackd/rehearsal"
)

// quote writes a text as JavaScript.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A row appears without a reload, under a name of ours; when the operator pages
// have told who it is, name and face come in its place.
func TestPage_ARowAppearsLiveAndItsNameAndFaceArriveInPlace(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala", MP: operators(), Operator: rehearsal.OperatorFaults{Down: true}})
	s.serve()
	who := s.people(3, a)
	p := openLive(t, s.wall(a))
	text(t, a, who[0].Number, "谁在说话？")
	p.until("the row", `document.querySelector('#rows .words')?.textContent === '谁在说话？'`)
	drawn := s.feed(a)[0].Sender
	if drawn.Resolved || drawn.Name == "" || drawn.Name == who[0].Profile.Nickname {
		t.Errorf("before anybody could know: %+v", drawn)
	}
	p.equals(func() []callbackd.PublicMessage { return s.feed(a) })
	p.do(`window.row = document.querySelector('#rows .row')`)

	a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = false })
	text(t, a, who[0].Number, "是我呀") // a push makes the search due
	p.until("the name in both rows", `[...document.querySelectorAll('#rows .name')].every((n) => n.textContent === `+quote(who[0].Profile.Nickname)+`)`)
	p.until("the face, drawn by nobody", `window.row.querySelector('.avatar').getAttribute('src') !== `+quote(drawn.Avatar)+` && window.row.querySelector('.avatar').naturalWidth > 0`)
	if !eval[bool](p, `window.row === document.querySelectorAll('#rows .row')[1]`) {
		t.Error("the row was replaced")
	}
	p.equals(func() []callbackd.PublicMessage { return s.feed(a) })
	p.stayed()
	if known := s.feed(a)[0].Sender; !known.Resolved || known.ID != drawn.ID {
		t.Errorf("after: %+v", known)
	}
}
