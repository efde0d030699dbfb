package store

import (
	"context"

	"callbackd"
	"callbackd/wall/filter"
)

// judgeName looks at the name that a sender has now, in the transaction that gave
// it: one that poses as the house, or looks like one that another sender is shown
// by, is refused. It is then nowhere public, in no moderation. The wall's lock is
// held, so that of two who take one name at once only one gets it. It returns the
// name where it is refused.
func (tx *Tx) judgeName(ctx context.Context, sender callbackd.SenderID) (refused string, err error) {
	var s struct {
		AccountID callbackd.AccountID `db:"account_id"`
		Account   string
		Own       string
	}
	if err := tx.get(ctx, &s, `SELECT s.account_id, a.name AS account, `+sqlOwnName+` AS own FROM senders s
		JOIN accounts a ON a.id = s.account_id LEFT JOIN persons p ON p.id = s.person_id WHERE s.id = ?`, sender); err != nil {
		return "", err
	}
	why, err := tx.nameProblem(ctx, s.AccountID, sender, s.Own, s.Account)
	if err != nil {
		return "", err
	}
	if why != "" {
		refused = s.Own
	}
	_, err = tx.exec(ctx, `UPDATE senders SET name_skeleton = CASE WHEN passed_name NOT IN ('', ?) THEN name_skeleton ELSE ? END, refused_name = ?, refused_why = ? WHERE id = ?`,
		s.Own, filter.Skeleton(s.Own), refused, why, sender) // the name that passed is shown until another one passes
	return refused, err
}

// nameProblem is why a sender may not be shown by a name (filter.NameReserved,
// filter.NameTaken); empty: nothing speaks against it. Two people of the very same
// name happen, as in life, and nothing tells a namesake from a copy; a name that
// only looks the same was made to.
func (tx *Tx) nameProblem(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, name, accountName string) (string, error) {
	if filter.Reserved(name, accountName) {
		return filter.NameReserved, nil
	}
	skeleton := filter.Skeleton(name)
	if skeleton == "" {
		return "", nil
	}
	var others int
	err := tx.get(ctx, &others, `SELECT COUNT(*) FROM senders s LEFT JOIN persons p ON p.id = s.person_id WHERE s.account_id = ? AND s.name_skeleton = ? AND s.name_skeleton <> '' AND s.id <> ?
		AND s.refused_name = '' AND CASE WHEN s.passed_name <> '' THEN s.passed_name ELSE `+sqlOwnName+` END <> ? AND (s.passed_name <> '' OR EXISTS
		(SELECT 1 FROM messages m WHERE m.sender_id = s.id AND m.state = 'shown' AND m.moderation = 'open'))`, account, skeleton, sender, name)
	if err == nil && others > 0 {
		return filter.NameTaken, nil
	}
	return "", err
}
