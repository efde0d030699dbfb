// Package notify tells followers about messages: the right person, the right
// device, the right path. Four layers decide, in this order, and a later one
// only picks among what the earlier one allows:
//
//	who   (who.go, mention.go)  may this follower be alerted, and why   CN104144110A
//	what  (render.go, quiet.go) what the alert may show                 CN104144110A
//	where (where.go)            computer or phone                       CN105024905B
//	how   (how.go)              channel or vendor, timers, next step    CN104125141A
//
// Everything in these files is pure: no store, no network, no clock; the time
// is passed in. The words of a message always reach the wall by its feed; what
// is decided here is only who is called to look.
package notify
