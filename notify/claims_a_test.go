package notify_test

import (
	"strings"
	"testing"

	"callbackd"
	"callbackd/notify"
)

// Claims of CN104144110A that pure functions decide. The first user is a
// message's sender (小海豚), the second whom it mentions, the third the others of
// the group, who are the followers of the account.

var (
	second   = notify.Candidate{Sender: 2, Standing: notify.Follower, Mentioned: true}
	third    = notify.Candidate{Sender: 3, Standing: notify.Follower}
	thirdOn  = notify.Candidate{Sender: 3, Standing: notify.Follower, Receive: true}
	outsider = notify.Candidate{Sender: 4, Standing: notify.Stranger, Mentioned: true, Receive: true}
)

// pushed renders what somebody gets: level 0 is details off, 1 and 2 are on.
// It fails where nobody is to be pushed to.
func pushed(t *testing.T, m notify.Matter, c notify.Candidate, detail callbackd.Level) string {
	t.Helper()
	d := notify.Who(m, c)
	if d.Telling != notify.TellAlert {
		t.Fatalf("%+v is not pushed to: %s", c, d.Why)
	}
	a := alert
	a.Reason, a.Words = d.Reason, "新年快乐"
	return string(render(t, a, notify.What(callbackd.Preferences{Detail: detail}), notify.BudgetWebPush).JSON())
}

// shows checks which of sender and content stand in a push.
func shows(t *testing.T, push string, sender, content bool) {
	t.Helper()
	if strings.Contains(push, "小海豚") != sender || strings.Contains(push, "新年快乐") != content {
		t.Errorf("sender %v, content %v expected in %s", sender, content, push)
	}
}

func notPushed(t *testing.T, m notify.Matter, c notify.Candidate) {
	t.Helper()
	if d := notify.Who(m, c); d.Telling == notify.TellAlert {
		t.Errorf("%+v is pushed to: %s", c, d.Why)
	}
}

var (
	plain       = shown(false, callbackd.GroupOptions{})
	mentioning  = shown(true, callbackd.GroupOptions{})
	noSwitch    = shown(false, callbackd.GroupOptions{NoReceiveSwitch: true})
	noDetection = shown(true, callbackd.GroupOptions{IgnoreMentions: true, NoReceiveSwitch: true})
)

func TestClaimA1A16_SecondUserOfTheGroupIsFoundInTheMessageAndPushedTo(t *testing.T) {
	ids := notify.ResolveMentions("@赵六 来看", crowd(), 1)
	if len(ids) != 1 {
		t.Fatalf("found %v", ids)
	}
	candidates := notify.Candidates(1, ids, nil, callbackd.GroupOptions{})
	if d := notify.Who(mentioning, candidates[0]); d.Telling != notify.TellAlert || d.Reason != callbackd.ReasonMention {
		t.Errorf("%+v", d)
	}
	notPushed(t, mentioning, outsider)
	notPushed(t, mentioning, notify.Candidate{Standing: notify.Author, Mentioned: true})
}

func TestClaimA2A17_DetailsOffShowNeitherSenderNorContent(t *testing.T) {
	shows(t, pushed(t, mentioning, second, 0), false, false)
}

func TestClaimA3A18_DetailsOnShowTheSender(t *testing.T) {
	shows(t, pushed(t, mentioning, second, 1), true, false)
}

func TestClaimA4A19_DetailsOnMayShowTheContent(t *testing.T) {
	shows(t, pushed(t, mentioning, second, 2), true, true)
}

func TestClaimA5A20_WithoutAMentionTheReceiveSwitchDecides(t *testing.T) {
	pushed(t, plain, thirdOn, 0)
	notPushed(t, plain, third)
	// [0086]: by default the others are handled at the same time; read strictly, not
	pushed(t, mentioning, thirdOn, 0)
	notPushed(t, shown(true, callbackd.GroupOptions{MentionExclusive: true}), thirdOn)
}

func TestClaimA6A21_RelatedUsersAreThoseOfTheGroup(t *testing.T) {
	notPushed(t, plain, outsider)
	for _, c := range notify.Candidates(1, []callbackd.SenderID{2}, []callbackd.SenderID{2, 3}, callbackd.GroupOptions{}) {
		if c.Standing != notify.Follower || c.Mentioned != (c.Sender == 2) {
			t.Errorf("%+v", c)
		}
	}
}

func TestClaimA7A22_TheThirdUsersPushMayHoldContent(t *testing.T) {
	shows(t, pushed(t, plain, thirdOn, 2), true, true)
}

func TestClaimA8A23_ReceivingHonoursDetails(t *testing.T) {
	shows(t, pushed(t, plain, thirdOn, 0), false, false)
	shows(t, pushed(t, plain, thirdOn, 1), true, false)
}

func TestClaimA9A24_ReceivingWithDetailsMayAddContent(t *testing.T) {
	shows(t, pushed(t, plain, thirdOn, 2), true, true)
}

func TestClaimA10A25_WithoutAReceiveSwitchEveryRelatedUserIsPushedTo(t *testing.T) {
	shows(t, pushed(t, noSwitch, third, 0), false, false)
	shows(t, pushed(t, noSwitch, third, 1), true, false)
}

func TestClaimA11A26_WithoutAReceiveSwitchTheGroupStillBounds(t *testing.T) {
	notPushed(t, noSwitch, outsider)
	notPushed(t, noSwitch, notify.Candidate{Standing: notify.Author})
}

func TestClaimA12A27_WithoutMentionDetectionOnlyDetailsDecide(t *testing.T) {
	for _, c := range []notify.Candidate{second, third} {
		shows(t, pushed(t, noDetection, c, 0), false, false)
		if d := notify.Who(noDetection, c); d.Reason != callbackd.ReasonReceive {
			t.Errorf("%+v", d)
		}
	}
}

func TestClaimA13A28_WithoutMentionDetectionDetailsShowTheSender(t *testing.T) {
	shows(t, pushed(t, noDetection, third, 1), true, false)
}

// Claim 14 says the second user's content; [0133] says the first user's.
func TestClaimA14A29_WithoutMentionDetectionTheContentIsTheSenders(t *testing.T) {
	shows(t, pushed(t, noDetection, third, 2), true, true)
}

func TestClaimA15A30_WithoutMentionDetectionTheGroupStillBounds(t *testing.T) {
	notPushed(t, noDetection, outsider)
}
