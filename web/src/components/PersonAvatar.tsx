import { Avatar } from '@radix-ui/themes'
import { appUrl } from '../lib/base'
import { initials, inkOn, safeColor } from '../lib/colors'

interface Props {
  person: { name: string; color: string; picture?: string | null }
  size?: '1' | '2' | '3' | '5'
}

export function PersonAvatar({ person, size = '2' }: Props) {
  return (
    <Avatar
      className="td-avatar"
      size={size}
      radius="full"
      {...(person.picture && { src: appUrl(person.picture) })}
      fallback={initials(person.name)}
      style={{ '--person': safeColor(person.color), '--ink': inkOn(person.color) }}
      alt=""
      aria-hidden="true"
    />
  )
}
