// Who leaves a board cannot come back without somebody who is there, so it is asked.
import { t } from '../texts'
import { AskDialog, type Asking } from './AskDialog'

interface Props extends Asking {
  name: string
  onLeave: () => void
}

export function LeaveDialog({ name, onLeave, ...asking }: Props) {
  return <AskDialog {...asking} title={t.share.leaveTitle(name)} text={t.share.leaveText} action={t.share.leave} color="red" onAction={onLeave} />
}
