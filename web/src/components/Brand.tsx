import { Flex, Text } from '@radix-ui/themes'
import { t } from '../texts'

function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--accent-9)" />
      <path
        d="M7 19.5c3.2-5.4 5.7-5.4 8 0s4.9 5.2 9.5-1.500"
        fill="none"
        stroke="#fff"
        strokeWidth="3.2"
        strokeLinecap="round"
      />
      <circle cx="23.5" cy="10" r="2.6" fill="#ffc53d" />
    </svg>
  )
}

export function Brand() {
  return (
    <Flex align="center" gap="2">
      <Logo />
      <Text size="4" weight="bold" className="td-brand">
        {t.app}
      </Text>
    </Flex>
  )
}
