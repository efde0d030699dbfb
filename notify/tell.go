package notify

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// How long an alert is worth sending, after the moment in which its message was
// let through.
const (
	PlainLife   = 30 * time.Minute
	MentionLife = 6 * time.Hour
	testLife    = time.Minute
)

// Limits of alerts.
const (
	mentionsAnHour = 20               // of one sender
	plainAMinute   = 6                // to one follower; what is more is told together
	countAfter     = 20 * time.Second // and by then
	tellPage       = 500              // followers of one transaction
	changesPage    = 100              // messages looked at in one go
)

// lookAgain bounds how long a change can stay unnoticed when a ring was lost, and
// how soon a failed look is tried again.
const lookAgain = 2 * time.Second

// teller looks at every change of every wall, in order, and decides who is told.
// How far it got is written down only now and then: a change that is looked at
// again tells nobody twice.
type teller struct {
	*Service
	seen    map[callbackd.AccountID]int64 // rev up to which changes were looked at
	written map[callbackd.AccountID]int64 // rev that the cursor's row holds
}

// runTeller tells until ctx ends.
func (s *Service) runTeller(ctx context.Context) {
	t := teller{Service: s, seen: map[callbackd.AccountID]int64{}, written: map[callbackd.AccountID]int64{}}
	rings, stop := s.DB.Listen()
	defer stop()
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		idle := false
		select {
		case <-ctx.Done():
			t.write(context.WithoutCancel(ctx))
			return
		case ring := <-rings:
			if ring.Config {
				s.accounts.forget()
			}
			if ring.Notices {
				s.wakes.ring()
			}
			if !ring.Walls {
				continue
			}
		case <-again.C:
			idle = true
		}
		if err := t.tellAll(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("deciding who is told failed; it is tried again", "err", err)
		}
		if idle {
			t.write(ctx)
			t.indexSome(ctx)
			again.Reset(lookAgain)
		}
	}
}

// write writes down how far the walls were looked at.
func (t teller) write(ctx context.Context) {
	for account, rev := range t.seen {
		if t.written[account] == rev {
			continue
		}
		if err := t.DB.MoveNoticeCursor(ctx, account, rev); err != nil {
			if ctx.Err() == nil {
				t.Log.Warn("the place up to which followers were told was not kept", "err", err)
			}
			return
		}
		t.written[account] = rev
	}
}

// indexSome puts some names into the index before anybody is mentioned by them.
func (t teller) indexSome(ctx context.Context) {
	accounts, err := t.DB.ListAccountsWithNamesDue(ctx)
	for _, a := range accounts {
		if err == nil {
			_, err = t.indexPage(ctx, a)
		}
	}
	if err != nil && ctx.Err() == nil {
		t.Log.Warn("the index of names is behind", "err", err)
	}
}

// tellAll brings every wall up to date. One that fails holds up no other.
func (t teller) tellAll(ctx context.Context) error {
	cursors, err := t.DB.ListNoticeCursors(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, c := range cursors {
		if c.Seen = max(c.Seen, t.seen[c.Account]); c.Seen < c.Rev {
			failed = errors.Join(failed, t.tellWall(ctx, c))
		}
	}
	return failed
}

// tellWall brings one wall up to date. What was let through while it is paused is
// looked at again, and told, when it is opened.
func (t teller) tellWall(ctx context.Context, c store.NoticeCursor) error {
	a, err := t.accounts.get(ctx, c.Account)
	if err != nil {
		return err
	}
	waits := false
	for after := c.Seen; after < c.Rev; {
		rows, err := t.DB.ListChanged(ctx, c.Account, after, changesPage)
		if err != nil {
			return err
		}
		var gone []callbackd.MessageID
		receivers := t.audience(a)
		for _, row := range rows {
			m := row.Message
			switch {
			case m.State != callbackd.StateShown:
				gone = append(gone, m.ID)
			case waitsForStage(row):
				waits = true
			case wall.Lets(row.Stage, m) && m.ShownRev > c.Seen: // of the beginning: a change of it may be on a later page than the one that showed it
				if err := t.tell(ctx, a, row, receivers); err != nil {
					return err
				}
			}
			if after = m.Rev; !waits {
				t.seen[c.Account] = after
			}
		}
		if err := t.takeBack(ctx, gone); err != nil {
			return err
		}
		if len(rows) < changesPage {
			after = max(after, c.Rev)
		}
		if !waits {
			t.seen[c.Account] = after
		}
	}
	return nil
}

// waitsForStage reports whether a message would be seen if its wall was not paused.
func waitsForStage(row store.Row) bool {
	stage := row.Stage
	stage.State = callbackd.StageOpen
	return !row.Stage.Open() && wall.Lets(stage, row.Message)
}

// takeBack looks at the chains of messages that are not shown any more.
func (s *Service) takeBack(ctx context.Context, gone []callbackd.MessageID) error {
	if len(gone) == 0 {
		return nil
	}
	running, err := s.DB.ListDeliveriesAbout(ctx, gone)
	if err != nil {
		return err
	}
	return s.stepAll(ctx, running)
}

// tell decides who is told of a message that was just let through. Done again, it
// tells nobody twice.
func (s *Service) tell(ctx context.Context, a *callbackd.Account, row store.Row, receivers *audience) error {
	since := s.Now()
	if row.Message.Moderation == callbackd.ModerationOpen { // it was let through when it came, however late we look
		since = row.Message.ReceivedAt
	}
	mentioned, err := s.mentioned(ctx, a, row)
	if err != nil {
		return err
	}
	t := telling{Service: s, account: a, row: row, since: since, matter: Matter{State: row.Message.State, Mentions: len(mentioned) > 0, Options: a.Notices.Group}}
	if len(mentioned) > 0 {
		if t.mentionsLeft, err = s.mentionsLeft(ctx, row.Sender.ID); err != nil {
			return err
		}
		if err := t.page(ctx, mentioned, nil); err != nil {
			return err
		}
	}
	if t.matter.Mentions && a.Notices.Group.MentionExclusive && !a.Notices.Group.IgnoreMentions {
		return nil
	}
	for after := callbackd.SenderID(0); ; {
		who, err := receivers.page(ctx, after)
		if err != nil {
			return err
		}
		rest := slices.DeleteFunc(slices.Clone(who), func(id callbackd.SenderID) bool { return slices.Contains(mentioned, id) })
		if err := t.page(ctx, nil, rest); err != nil {
			return err
		}
		if len(who) < tellPage {
			return nil
		}
		after = who[len(who)-1]
	}
}

// audience is who receives of an account, by id. Its first page, for most accounts
// the only one, is read once for all messages of one look; what somebody switched
// off since then is looked at again before anything is sent.
type audience struct {
	list  func(ctx context.Context, account callbackd.AccountID, after callbackd.SenderID, limit int) ([]callbackd.SenderID, error)
	of    callbackd.AccountID
	first []callbackd.SenderID // nil: not read yet
}

func (s *Service) audience(a *callbackd.Account) *audience {
	if a.Notices.Group.NoReceiveSwitch {
		return &audience{list: s.DB.ListReachable, of: a.ID}
	}
	return &audience{list: s.DB.ListReceivers, of: a.ID}
}

// page returns up to tellPage of them after one.
func (u *audience) page(ctx context.Context, after callbackd.SenderID) ([]callbackd.SenderID, error) {
	if after == 0 && u.first != nil {
		return u.first, nil
	}
	who, err := u.list(ctx, u.of, after, tellPage)
	if after == 0 && err == nil {
		u.first = append([]callbackd.SenderID{}, who...)
	}
	return who, err
}

func (s *Service) mentionsLeft(ctx context.Context, author callbackd.SenderID) (int, error) {
	n, err := s.DB.CountMentionsBy(ctx, author, s.Now().Add(-time.Hour))
	return max(0, mentionsAnHour-n), err
}

// telling is the decision about one message in the making.
type telling struct {
	*Service
	account      *callbackd.Account
	row          store.Row
	since        time.Time // when the message was let through
	matter       Matter
	mentionsLeft int // that its sender may alert within this hour
}

// page decides for some followers: those whom the message mentions, with what
// they chose, or those who receive.
func (t *telling) page(ctx context.Context, mentioned, receiving []callbackd.SenderID) error {
	all := slices.Concat(mentioned, receiving)
	if len(all) == 0 {
		return nil
	}
	if len(mentioned) > 0 {
		chosen, err := t.DB.ListPreferencesOf(ctx, mentioned)
		if err != nil {
			return err
		}
		for id, p := range chosen {
			if p.Receive {
				receiving = append(receiving, id)
			}
		}
	}
	told, err := t.DB.ListTold(ctx, all, t.Now().Add(-time.Minute))
	if err != nil {
		return err
	}
	var notices, counts []store.NewNotice
	for _, c := range Candidates(t.row.Sender.ID, mentioned, receiving, t.account.Notices.Group) {
		n, more, ok := t.decide(c, told[c.Sender])
		if ok {
			notices = append(notices, n)
		}
		if more {
			counts = append(counts, t.notice(c.Sender, callbackd.ReasonReceive, KeyMany, t.Now().Add(countAfter)))
		}
	}
	if len(notices) > 0 {
		m := store.Matter{Account: t.account.ID, Sort: store.NoticeMessage, Message: t.row.Message.ID, Author: t.row.Sender.ID}
		if err := t.DB.InsertNotices(ctx, m, notices); err != nil {
			return err
		}
	}
	if len(counts) == 0 {
		return nil
	}
	return t.DB.InsertNotices(ctx, store.Matter{Account: t.account.ID, Sort: store.NoticeCount}, counts)
}

// decide is the answer for one follower. more: a count of messages is due, too.
func (t *telling) decide(c Candidate, told store.Told) (n store.NewNotice, more, ok bool) {
	limited := c.Mentioned && t.mentionsLeft == 0
	if limited {
		c.Mentioned = false
	}
	d := Who(t.matter, c)
	switch {
	case d.Telling != TellAlert && limited:
		return store.NewNotice{ID: callbackd.NewNoticeID(), Sender: c.Sender, Reason: callbackd.ReasonMention, Why: string(KeyLimited)}, false, true
	case d.Telling != TellAlert:
		return store.NewNotice{}, false, false
	case d.Reason == callbackd.ReasonMention:
		t.mentionsLeft--
	case told.Plain >= plainAMinute:
		return store.NewNotice{ID: callbackd.NewNoticeID(), Sender: c.Sender, Reason: d.Reason, Why: string(KeyCollapsed)}, !told.Waiting, true
	}
	return t.notice(c.Sender, d.Reason, d.Why, t.Now()), false, true
}

// notice is a new one with its chain.
func (t *telling) notice(who callbackd.SenderID, why callbackd.Reason, key Key, due time.Time) store.NewNotice {
	life := PlainLife
	if why == callbackd.ReasonMention {
		life = MentionLife
	}
	return newNotice(who, Chain{Reason: why, Expires: t.since.Add(life)}, key, due)
}

func newNotice(who callbackd.SenderID, c Chain, why Key, due time.Time) store.NewNotice {
	c.Notice = callbackd.NewNoticeID()
	return store.NewNotice{ID: c.Notice, Sender: who, Reason: c.Reason, Why: string(why), Chain: c.encode(), DueAt: due}
}

func (c Chain) encode() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic("a chain of numbers, words and times is always JSON: " + err.Error())
	}
	return string(b)
}

// mentioned returns whom a message mentions, decided once: what its writer chose
// on the page, else what its words say.
func (s *Service) mentioned(ctx context.Context, a *callbackd.Account, row store.Row) ([]callbackd.SenderID, error) {
	if a.Notices.Group.IgnoreMentions {
		return nil, nil
	}
	m := row.Message
	who, err := s.DB.ListMentions(ctx, m.ID)
	if err != nil || len(who) > 0 || m.Text == "" {
		return who[:min(len(who), MaxMentions)], err
	}
	keys, _ := MentionKeys(m.Text)
	if len(keys) == 0 {
		return nil, nil
	}
	if err := s.indexNames(ctx, a.ID); err != nil {
		return nil, err
	}
	named, err := s.DB.ListNamed(ctx, a.ID, keys)
	if err != nil {
		return nil, err
	}
	who = ResolveMentions(m.Text, nameIndex(named), row.Sender.ID)
	return who, s.DB.AddMentions(ctx, m.ID, who)
}

// nameIndex answers for text that came from WeChat, where nobody has tokens.
type nameIndex map[string][]callbackd.SenderID

// ByName implements Names.
func (n nameIndex) ByName(folded string) []callbackd.SenderID { return n[folded] }

// ByToken implements Names.
func (nameIndex) ByToken(string) (callbackd.SenderID, bool) { return 0, false }

// indexNames puts the names of followers that are new or renamed into the index:
// the nickname, where it is known, and the pseudonym that walls show else.
func (s *Service) indexNames(ctx context.Context, account callbackd.AccountID) error {
	for more := true; more; {
		var err error
		if more, err = s.indexPage(ctx, account); err != nil {
			return err
		}
	}
	return nil
}

// indexPage does so for some of them; more: others are left.
func (s *Service) indexPage(ctx context.Context, account callbackd.AccountID) (more bool, err error) {
	due, err := s.DB.ListNamesDue(ctx, account, tellPage)
	if err != nil {
		return false, err
	}
	all := make([]store.Names, len(due))
	for i, d := range due {
		all[i] = store.Names{NameDue: d, Keys: namesOf(d)}
	}
	return len(due) == tellPage, s.DB.SetNames(ctx, account, all)
}

func namesOf(d store.NameDue) []string {
	keys := []string{FoldName(wall.Pseudonym(d.AvatarSeed))}
	for _, name := range []string{d.Own, d.Passed} {
		if k := FoldName(name); k != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}
