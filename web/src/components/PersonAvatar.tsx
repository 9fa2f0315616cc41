import { Avatar } from '@radix-ui/themes'
import { initials, inkOn, safeColor } from '../lib/colors'

interface Props {
  person: { name: string; color: string }
  size?: '1' | '2' | '3'
}

export function PersonAvatar({ person, size = '2' }: Props) {
  return (
    <Avatar
      className="td-avatar"
      size={size}
      radius="full"
      fallback={initials(person.name)}
      style={{ '--person': safeColor(person.color), '--ink': inkOn(person.color) }}
      aria-hidden="true"
    />
  )
}
