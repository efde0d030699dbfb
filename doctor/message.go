package doctor

import (
	"context"
	"errors"
	"time"

	"callbackd"
)

// patience is how long a file or a face may be on its way before the doctor
// calls it late.
const patience = 2 * time.Minute

// media tells how the last voice, picture or video fared.
func (p *patient) media(ctx context.Context) Finding {
	m, err := p.DB.LastMedia(ctx, p.a.ID)
	if errors.Is(err, callbackd.ErrNotFound) {
		return off(say("还没有语音、图片或视频来过", "no voice, picture or video has come yet"), say("用自己的手机发一张图片到公众号", "send the account a picture from your own phone"))
	}
	if err != nil {
		return fail(say("最近的媒体读不到：%v", "the last media are not read: %v", err), say("检查数据库", "check the database"))
	}
	switch {
	case m.State == callbackd.MediaReady:
		return ok(say("最近一次媒体已就绪（%s）", "the last one is ready to be played (%s)", m.Kind))
	case m.State == callbackd.MediaFailed && m.Reason == "needs-ffmpeg":
		return fail(say("最近一次媒体不能转码：没有 ffmpeg", "the last one was not made: there is no ffmpeg"), say("apt-get install ffmpeg", "apt-get install ffmpeg"))
	case m.State == callbackd.MediaFailed:
		return fail(say("最近一次媒体没有取到（%[1]s：%[2]s）", "the last one did not come (%[1]s: %[2]s)", m.Kind, m.Reason),
			say("见 token、may-media 和 mpweb 三项，然后再发一次", "see the lines token, may-media and mpweb, then send one again"))
	case p.DB.Now().Sub(m.ReceivedAt) > patience:
		return fail(say("最近一次媒体从 %s 起一直没有取到", "the last one has been on its way since %s", clock(m.ReceivedAt)),
			say("callbackd serve 要在运行；见 token、may-media 和 mpweb 三项", "callbackd serve has to run; see the lines token, may-media and mpweb"))
	}
	return off(say("最近一次媒体正在处理", "the last one is being fetched"), say("稍等再看", "look again in a moment"))
}

// profile tells whether the last who spoke is known.
func (p *patient) profile(ctx context.Context) Finding {
	if p.a.MPWeb == nil {
		return off(say("发言者显示化名：名字和头像只能来自后台页面", "people appear by pseudonym: names and faces come from the operator pages alone"),
			say("不需要做什么；风险和开关在账号设置里", "nothing has to be done; the risk and the switch are in the account's settings"))
	}
	s, err := p.DB.LastSpeaker(ctx, p.a.ID)
	if errors.Is(err, callbackd.ErrNotFound) {
		return off(say("还没有人发过言", "nobody has said anything yet"), say("用自己的手机发一句话到公众号", "send the account a word from your own phone"))
	}
	if err != nil {
		return fail(say("最近的发言者读不到：%v", "the last speaker is not read: %v", err), say("检查数据库", "check the database"))
	}
	switch {
	case s.Known:
		return ok(say("最近的发言者有名字", "the last who spoke has a name"))
	case p.DB.Now().Sub(s.ReceivedAt) > patience:
		return fail(say("最近的发言者没有找到（找了 %d 次），显示化名", "the last who spoke was not found (%d times looked for) and appears by pseudonym", s.Searches),
			say("见 mpweb 一项；登录正常时，换一种 resolve 或 dialect", "see the line mpweb; where the login is fine, try another resolve or dialect"))
	}
	return off(say("正在找最近的发言者", "the last who spoke is being looked for"), say("稍等再看", "look again in a moment"))
}
